"""dispatch: from an evaluation to the mail server; an unreachable recipient opens an alert for operators."""

from __future__ import annotations

from datetime import date, timedelta

from cchc.alerts.notification.channels.channel import Access
from cchc.alerts.notification.channels.email import EmailChannel
from cchc.alerts.notification.dispatch import dispatch
from cchc.alerts.recipients import SMTP_CONNECTION
from simulator.certificates import Secured
from tests.alerts.attainment_fixture import AttainmentFixture, make_recipient, morning
from tests.alerts.messages import SENDER
from tests.alerts.smtp_server import LOGIN, PASSWORD, MailServer

DAY = date(2024, 6, 3)
LAST = DAY + timedelta(days=2)


def deliver(attainment: AttainmentFixture, server: MailServer, certificate: Secured, days_later: int = 0) -> None:
    extra = {"sender": SENDER, "ca_file": str(certificate.ca)}
    channels = {SMTP_CONNECTION: EmailChannel(Access("127.0.0.1", server.port, LOGIN, PASSWORD, extra))}
    dispatch(attainment.connection, attainment.alerting, channels, morning(LAST + timedelta(days=days_later), 8))


def test_missed_alert_reaches_its_recipient(
    attainment: AttainmentFixture, mail_server: MailServer, certificate: Secured
) -> None:
    attainment.run(DAY, [46, 44, 44])
    deliver(attainment, mail_server, certificate)
    (mail,) = mail_server.mails
    assert mail.addresses == ["leader@example.invalid"]
    assert mail.content["Subject"].startswith("[CCHC] 1 chỉ tiêu")
    text = mail.content.get_body(("plain",)).get_content()
    assert "Tỉnh Tiền Giang" in text
    assert "44,00 %" in text
    assert "1 cảnh báo chưa có người xác nhận" in text


def test_unreachable_recipient_opens_one_alert_until_a_message_is_sent(
    attainment: AttainmentFixture, mail_server: MailServer, certificate: Secured
) -> None:
    operator = make_recipient("operator", audience="operators", agencies=[], with_below=False)
    attainment.recipients = (*attainment.recipients, operator)
    attainment.run(DAY, [46, 44, 44])
    mail_server.replies = {"leader@example.invalid": ["550 no such user"]}
    deliver(attainment, mail_server, certificate)
    deliver(attainment, mail_server, certificate, days_later=1)
    assert attainment.list_alerts("kind", "subject", "status")[-1] == ("undelivered", "leader", "open")
    (mail,) = mail_server.mails
    assert mail.addresses == ["operator@example.invalid"]
    assert "leader" in mail.content.get_body(("plain",)).get_content()
    attainment.run(LAST + timedelta(days=1), [46])  # the recovery gets through
    deliver(attainment, mail_server, certificate, days_later=4)
    assert attainment.list_alerts("kind", "status")[-1] == ("undelivered", "resolved")
