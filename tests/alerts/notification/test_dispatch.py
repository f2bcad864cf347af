"""From an evaluation to the mail server; a recipient who can't be reached is an alert for operators."""

from __future__ import annotations

from datetime import date, timedelta

from cchc.alerts.notification.channels.channel import Access
from cchc.alerts.notification.channels.email import EmailChannel
from cchc.alerts.notification.dispatch import dispatch
from cchc.alerts.recipients import SMTP_CONNECTION
from simulator.certificates import Secured
from tests.alerts.board import Board, make_recipient, morning
from tests.alerts.messages import SENDER
from tests.alerts.smtp_server import LOGIN, PASSWORD, MailServer

DAY = date(2024, 6, 3)
LAST = DAY + timedelta(days=2)


def deliver(board: Board, server: MailServer, certificate: Secured, days_later: int = 0) -> None:
    extra = {"sender": SENDER, "ca_file": str(certificate.ca)}
    channels = {SMTP_CONNECTION: EmailChannel(Access("127.0.0.1", server.port, LOGIN, PASSWORD, extra))}
    dispatch(board.connection, board.alerting, channels, morning(LAST + timedelta(days=days_later), 8))


def test_a_crossing_reaches_its_reader(board: Board, mail_server: MailServer, certificate: Secured) -> None:
    board.run(DAY, [46, 44, 44])
    deliver(board, mail_server, certificate)
    (mail,) = mail_server.mails
    assert mail.addresses == ["leader@example.invalid"]
    assert mail.content["Subject"].startswith("[CCHC] 1 chỉ tiêu")
    text = mail.content.get_body(("plain",)).get_content()
    assert "Tỉnh Tiền Giang" in text
    assert "44,00 %" in text
    assert "1 cảnh báo chưa có người xác nhận" in text


def test_who_cannot_be_reached_is_told_to_operators_once_until_it_works(
    board: Board, mail_server: MailServer, certificate: Secured
) -> None:
    operator = make_recipient("operator", audience="operators", agencies=[], with_below=False)
    board.recipients = (*board.recipients, operator)
    board.run(DAY, [46, 44, 44])
    mail_server.replies = {"leader@example.invalid": ["550 no such user"]}
    deliver(board, mail_server, certificate)
    deliver(board, mail_server, certificate, days_later=1)
    assert board.list_alerts("kind", "subject", "status")[-1] == ("undelivered", "leader", "open")
    (mail,) = mail_server.mails
    assert mail.addresses == ["operator@example.invalid"]
    assert "leader" in mail.content.get_body(("plain",)).get_content()
    board.run(LAST + timedelta(days=1), [46])  # the recovery gets through
    deliver(board, mail_server, certificate, days_later=4)
    assert board.list_alerts("kind", "status")[-1] == ("undelivered", "resolved")
