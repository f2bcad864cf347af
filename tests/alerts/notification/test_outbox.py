"""send_due: messages of the outbox reach real servers; none is lost, and none sent twice."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from cchc.alerts.notification.channels.apprise_url import AppriseChannel
from cchc.alerts.notification.channels.channel import Access, Channel, Message
from cchc.alerts.notification.channels.directory import open_channels
from cchc.alerts.notification.channels.email import EmailChannel
from cchc.alerts.notification.channels.webhook import WebhookChannel
from cchc.alerts.notification.outbox import DeliveryOutcome, send_due
from cchc.alerts.recipients import SMTP_CONNECTION, Recipient
from simulator.certificates import Secured
from tests.alerts.messages import ADDRESS, LEADER, SENDER, make_recipient_of_agency
from tests.alerts.outbox import EVENING, Outbox, await_lock
from tests.alerts.smtp_server import LOGIN, PASSWORD, MailServer, serve_mail
from tests.conftest import Warehouse
from tests.sources.scripted_server import Script

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
AGENCY = make_recipient_of_agency()
OTHER = make_recipient_of_agency(id="so-noi-vu", address="so-noi-vu@tinh.example.invalid")
CHAT = make_recipient_of_agency(id="truc-ban", channel="apprise", connection="alerts_chat")
HOOKED = make_recipient_of_agency(id="van-phong", channel="webhook", connection="alerts_van_phong")


@pytest.fixture
def mail(certificate: Secured) -> Callable[[int], dict[str, Channel]]:
    """The e-mail channel to a port, with short time-outs."""

    def reach(port: int) -> dict[str, Channel]:
        extra = {"sender": SENDER, "ca_file": str(certificate.ca)}
        return {SMTP_CONNECTION: EmailChannel(Access("127.0.0.1", port, LOGIN, PASSWORD, extra), timeout_seconds=2)}

    return reach


def test_message_is_sent_once(outbox: Outbox, mail_server: MailServer, mail: Any) -> None:
    outbox.add_messages(AGENCY)
    assert outbox.send_due(mail(mail_server.port), AGENCY) == DeliveryOutcome(1, 0, ())
    assert outbox.send_due(mail(mail_server.port), AGENCY, now=EVENING + 24 * HOUR) == DeliveryOutcome(0, 0, ())
    assert [mail.addresses for mail in mail_server.mails] == [[ADDRESS]]
    ((message_id, *row),) = outbox.rows("message_id, status, tries, sent_at, last_error")
    assert row == ["sent", 1, EVENING, None]
    assert mail_server.mails[0].message_id == f"<{message_id}@tinh.example.invalid>"


def test_urgent_is_sent_first(outbox: Outbox, mail_server: MailServer, mail: Any) -> None:
    outbox.add_messages(AGENCY)
    outbox.add_messages(OTHER, is_urgent=True)
    outbox.send_due(mail(mail_server.port), AGENCY, OTHER)
    assert [mail.addresses for mail in mail_server.mails] == [[OTHER.address], [AGENCY.address]]


def test_mail_server_down_for_hours_loses_nothing(
    outbox: Outbox, certificate: Secured, closed_port: int, mail: Any
) -> None:
    outbox.add_messages(AGENCY, OTHER)
    channels, down_until = mail(closed_port), EVENING + 8 * HOUR
    now = EVENING
    while now < down_until:
        assert outbox.send_due(channels, AGENCY, OTHER, now=now).sent == 0
        now += 5 * MINUTE
    assert [error for (error,) in outbox.rows("last_error")] == ["the mail server: [Errno 111] Connection refused"] * 2
    with serve_mail("starttls", certificate, closed_port) as server:
        outcomes = [outbox.send_due(channels, AGENCY, OTHER, now=now + wait * HOUR) for wait in range(8)]
    assert sum(outcome.sent for outcome in outcomes) == 2
    assert sorted(mail.addresses[0] for mail in server.mails) == sorted([ADDRESS, str(OTHER.address)])
    assert outbox.rows("status") == [("sent",), ("sent",)]


def test_waits_double_to_six_hours(outbox: Outbox, closed_port: int, mail: Any) -> None:
    outbox.add_messages(AGENCY)
    now, waits = EVENING, []
    for _ in range(9):
        assert outbox.send_due(mail(closed_port), AGENCY, now=now) == DeliveryOutcome(0, 1, ())
        assert outbox.send_due(mail(closed_port), AGENCY, now=now + 4 * MINUTE) == DeliveryOutcome(0, 0, ())
        ((next_try_at,),) = outbox.rows("next_try_at")
        waits.append((next_try_at - now) / MINUTE)
        now = next_try_at
    assert waits == [5, 10, 20, 40, 80, 160, 320, 360, 360]


def test_silent_server_costs_one_timeout_a_run(outbox: Outbox, silent_port: int) -> None:
    outbox.add_messages(AGENCY, OTHER, LEADER)
    channel = Counting(EmailChannel(Access("127.0.0.1", silent_port, extra={"sender": SENDER}), timeout_seconds=0.1))
    assert outbox.send_due({SMTP_CONNECTION: channel}, AGENCY, OTHER, LEADER) == DeliveryOutcome(0, 3, ())
    assert channel.count == 1
    assert outbox.rows("tries") == [(1,), (1,), (1,)]


@dataclass
class Counting:
    """A channel that counts its calls."""

    channel: Channel
    count: int = 0

    def send(self, recipient: Recipient, message: Message) -> None:
        self.count += 1
        self.channel.send(recipient, message)


def test_dead_channel_stops_no_other(outbox: Outbox, closed_port: int, receiver: Script, mail: Any) -> None:
    outbox.add_messages(AGENCY, HOOKED)
    channels = {**mail(closed_port), "alerts_van_phong": WebhookChannel(Access(receiver.base_url, password="secret"))}
    assert outbox.send_due(channels, AGENCY, HOOKED) == DeliveryOutcome(1, 1, ())
    ((_, document),) = receiver.requests
    assert document["recipient"] == "van-phong"


def test_refused_recipient_is_given_up_and_no_other(outbox: Outbox, mail_server: MailServer, mail: Any) -> None:
    mail_server.replies[ADDRESS] = [f"550 5.1.1 <{ADDRESS}>: no such user"]
    outbox.add_messages(AGENCY, OTHER)
    outcome = outbox.send_due(mail(mail_server.port), AGENCY, OTHER)
    assert (outcome.sent, outcome.waiting) == (1, 0)
    (given_up,) = outcome.given_up
    assert (given_up.recipient, given_up.why) == ("so-y-te", "the address is refused: 550 5.1.1 … no such user")
    assert outbox.rows("recipient, status, last_error") == [
        ("so-noi-vu", "sent", None),
        ("so-y-te", "given_up", given_up.why),
    ]
    assert outbox.send_due(mail(mail_server.port), AGENCY, OTHER, now=EVENING + 24 * HOUR) == DeliveryOutcome(0, 0, ())
    assert [mail.addresses for mail in mail_server.mails] == [[OTHER.address]]


def test_greylisted_recipient_is_tried_again_in_its_time(outbox: Outbox, mail_server: MailServer, mail: Any) -> None:
    mail_server.replies[ADDRESS] = ["450 4.2.0 greylisted"]
    outbox.add_messages(AGENCY, OTHER)
    channels = mail(mail_server.port)
    outcomes = [outbox.send_due(channels, AGENCY, OTHER, now=EVENING + wait * MINUTE) for wait in (0, 4, 5)]
    assert outcomes == [DeliveryOutcome(1, 1, ()), DeliveryOutcome(0, 0, ()), DeliveryOutcome(1, 0, ())]
    assert [mail.addresses for mail in mail_server.mails] == [[OTHER.address], [AGENCY.address]]


def test_crash_after_sending_repeats_one_message_with_the_same_id(
    outbox: Outbox, mail_server: MailServer, mail: Any
) -> None:
    outbox.add_messages(AGENCY, OTHER)
    channels = mail(mail_server.port)
    with psycopg.connect(outbox.warehouse.url(), autocommit=True) as doomed:
        killing = {SMTP_CONNECTION: Killing(channels[SMTP_CONNECTION], outbox.warehouse, doomed.info.backend_pid)}
        with pytest.raises(psycopg.OperationalError):
            send_due(doomed, [AGENCY, OTHER], killing, EVENING)
    assert [status for (status,) in outbox.rows("status")] == ["waiting", "waiting"]
    assert outbox.send_due(channels, AGENCY, OTHER) == DeliveryOutcome(2, 0, ())
    first, *later = [(mail.addresses, mail.message_id) for mail in mail_server.mails]
    assert len(later) == 2
    assert later.count(first) == 1


@dataclass
class Killing:
    """A channel that ends the sender's database session as soon as it has sent."""

    channel: Channel
    warehouse: Warehouse
    backend: int

    def send(self, recipient: Recipient, message: Message) -> None:
        self.channel.send(recipient, message)
        self.warehouse.query("select pg_terminate_backend(%s, 5000)", [self.backend], role="postgres")


def test_two_sessions_at_once_send_nothing_twice(outbox: Outbox, mail_server: MailServer, mail: Any) -> None:
    outbox.add_messages(AGENCY, OTHER)
    channels = mail(mail_server.port)
    with psycopg.connect(outbox.warehouse.url(), autocommit=True) as second, ThreadPoolExecutor(1) as pool:
        blocked = Blocked(channels[SMTP_CONNECTION])
        first_run = pool.submit(outbox.send_due, {SMTP_CONNECTION: blocked}, AGENCY, OTHER)
        blocked.is_asked.wait()
        beside = threading.Thread(target=send_due, args=(second, [AGENCY, OTHER], channels, EVENING))
        beside.start()
        await_lock(outbox.warehouse)
        blocked.may_send.set()
        beside.join()
        assert first_run.result() == DeliveryOutcome(2, 0, ())
    assert len(mail_server.mails) == 2


@dataclass
class Blocked:
    """A channel that waits for a signal."""

    channel: Channel
    is_asked: threading.Event = field(default_factory=threading.Event)
    may_send: threading.Event = field(default_factory=threading.Event)

    def send(self, recipient: Recipient, message: Message) -> None:
        self.is_asked.set()
        self.may_send.wait()
        self.channel.send(recipient, message)


def test_connection_that_is_not_set_is_logged_once_and_its_messages_wait(
    outbox: Outbox, mail_server: MailServer, mail: Any, caplog: pytest.LogCaptureFixture
) -> None:
    outbox.add_messages(AGENCY, OTHER)
    assert outbox.send_due({}, AGENCY, OTHER) == DeliveryOutcome(0, 2, ())
    assert caplog.text.count("the Airflow connection alerts_smtp is not set") == 1
    assert outbox.send_due(mail(mail_server.port), AGENCY, OTHER, now=EVENING + HOUR) == DeliveryOutcome(2, 0, ())


def test_message_is_given_up_after_seven_days(outbox: Outbox, closed_port: int, mail: Any) -> None:
    outbox.add_messages(AGENCY)
    last = EVENING + timedelta(days=7)
    assert outbox.send_due(mail(closed_port), AGENCY, now=last - 7 * HOUR) == DeliveryOutcome(0, 1, ())
    outcome = outbox.send_due(mail(closed_port), AGENCY, now=last)
    assert [(message.recipient, message.why) for message in outcome.given_up] == [
        ("so-y-te", "the mail server: [Errno 111] Connection refused")
    ]


def test_message_older_than_that_is_tried_before_it_is_given_up(
    outbox: Outbox, mail_server: MailServer, mail: Any
) -> None:
    outbox.add_messages(AGENCY)
    assert outbox.send_due(mail(mail_server.port), AGENCY, now=EVENING + timedelta(days=10)).sent == 1


def test_message_to_a_recipient_who_left_the_file_is_given_up(
    outbox: Outbox, mail_server: MailServer, mail: Any
) -> None:
    outbox.add_messages(AGENCY)
    outcome = outbox.send_due(mail(mail_server.port), OTHER)
    assert [message.why for message in outcome.given_up] == ["the recipient is no longer in the recipients' file"]
    assert mail_server.mails == []


def test_quiet_hours_delay_all_but_urgent_messages(outbox: Outbox, mail_server: MailServer, mail: Any) -> None:
    sleeper = make_recipient_of_agency(quiet_hours="21:00-06:00")
    outbox.add_messages(sleeper)
    outbox.add_messages(sleeper, is_urgent=True)
    channels = mail(mail_server.port)
    outcomes = [outbox.send_due(channels, sleeper, now=EVENING + wait * HOUR) for wait in (0, 7, 8)]
    assert outcomes == [DeliveryOutcome(1, 1, ()), DeliveryOutcome(0, 1, ()), DeliveryOutcome(1, 0, ())]
    assert outbox.rows("is_urgent, tries") == [(True, 1), (False, 1)]


def test_no_secret_and_no_address_is_stored_or_logged(
    outbox: Outbox, mail_server: MailServer, closed_port: int, mail: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = replace(mail(mail_server.port)[SMTP_CONNECTION].access, password="wrong-password")
    hook = Access(f"http://127.0.0.1:{closed_port}/secret-path", password="signing-secret")
    outbox.add_messages(AGENCY, HOOKED)
    channels = {SMTP_CONNECTION: EmailChannel(wrong), "alerts_van_phong": WebhookChannel(hook)}
    assert outbox.send_due(channels, AGENCY, HOOKED).waiting == 2
    ours = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("mail."))
    stored = str(outbox.rows("recipient, subject, last_error"))
    for secret in ("wrong-password", LOGIN + "@", "secret-path", "signing-secret", ADDRESS):
        assert secret not in ours + stored
    assert outbox.rows("last_error") == [
        ("the mail server refuses the login: 535",),
        ("no answer (ConnectionError)",),
    ]


def test_each_recipient_has_the_channel_of_its_connection() -> None:
    accesses = {
        SMTP_CONNECTION: Access("mail"),
        "alerts_van_phong": Access("https://hook"),
        "alerts_chat": Access("", password="json://chat"),
        "warehouse": Access("127.0.0.1"),
    }
    not_set = make_recipient_of_agency(channel="webhook", connection="alerts_not_set")
    channels = open_channels([AGENCY, OTHER, HOOKED, CHAT, not_set], accesses.get)
    assert channels == {
        SMTP_CONNECTION: EmailChannel(Access("mail")),
        "alerts_van_phong": WebhookChannel(Access("https://hook")),
        "alerts_chat": AppriseChannel(Access("", password="json://chat")),
    }


class BrokenChannel:
    """A channel whose library raises an unexpected error with a secret in its text."""

    def send(self, recipient: Recipient, message: Message) -> None:
        raise KeyError(f"token=the-secret for {recipient.id}: {message.subject}")


def test_unexpected_error_of_a_channel_stops_no_other_and_logs_no_secret(
    outbox: Outbox, mail_server: MailServer, mail: Any, caplog: pytest.LogCaptureFixture
) -> None:
    outbox.add_messages(CHAT, AGENCY)
    channels = {**mail(mail_server.port), CHAT.route: BrokenChannel()}
    assert outbox.send_due(channels, AGENCY, CHAT) == DeliveryOutcome(1, 1, ())
    assert outbox.rows("recipient, status, last_error")[-1] == (
        "truc-ban",
        "waiting",
        "connection alerts_chat: KeyError",
    )
    assert "the-secret" not in caplog.text
