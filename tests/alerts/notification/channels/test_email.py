"""E-mail reaches a real mail server over verified TLS; each failure has its own error, without addresses."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from cchc.alerts.notification.channels.channel import (
    Access,
    ChannelDownError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from cchc.alerts.notification.channels.email import EmailChannel, write_mail
from simulator.certificates import Secured
from tests.alerts.messages import ADDRESS, COMPOSED_AT, MESSAGE_ID, SENDER, make_recipient_of_agency, write_message
from tests.alerts.smtp_server import LOGIN, PASSWORD, MailServer, serve_mail

RECIPIENT = make_recipient_of_agency()


def reach(port: int, certificate: Secured, security: str = "starttls", **extra: str) -> Access:
    settings = {"sender": SENDER, "security": security, "ca_file": str(certificate.ca)}
    return Access("127.0.0.1", port, LOGIN, PASSWORD, {**settings, **extra})


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert isinstance(body, EmailMessage)
    return str(body.get_content()).replace("\r\n", "\n")  # as lines end on the wire


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_arrives_over_tls_with_a_login(certificate: Secured, security: Any) -> None:
    with serve_mail(security, certificate) as server:
        EmailChannel(reach(server.port, certificate, security)).send(RECIPIENT, write_message())
    (mail,) = server.mails
    assert (mail.sender, mail.addresses, server.logins) == (SENDER, [ADDRESS], [LOGIN])


def test_mail_to_this_machine_may_go_without_tls() -> None:
    with serve_mail("none") as server:
        access = Access("127.0.0.1", server.port, extra={"sender": SENDER, "security": "none"})
        EmailChannel(access).send(RECIPIENT, write_message())
    assert len(server.mails) == 1


def test_mail_holds_text_and_html_in_vietnamese(mail_server: MailServer, certificate: Secured) -> None:
    message = write_message()
    EmailChannel(reach(mail_server.port, certificate)).send(RECIPIENT, message)
    content = mail_server.mails[0].content
    assert content.get_content_type() == "multipart/alternative"
    assert content["Subject"] == message.subject
    assert (part(content, "plain"), part(content, "html")) == (message.body_text, message.body_html)


LONG_SUBJECT = "[CCHC H58] 2 chỉ tiêu tụt dưới mục tiêu, 1 chỉ tiêu chậm tiến độ, 3 nhiệm vụ quá hạn – ngày 25/04/2024"


def test_subject_is_the_same_bytes_whichever_python_writes_it() -> None:
    mail = write_mail(SENDER, ADDRESS, write_message(LONG_SUBJECT)).as_bytes()
    assert mail[mail.index(b"Subject:") : mail.index(b"Date:")] == (
        b"Subject: =?utf-8?b?W0NDSEMgSDU4XSAyIGNo4buJIHRpw6p1IHThu6V0IGTGsOG7m2kgbQ==?=\r\n"
        b" =?utf-8?b?4bulYyB0acOqdSwgMSBjaOG7iSB0acOqdSBjaOG6rW0gdGnhur9uIMSR4buZLCAz?=\r\n"
        b" =?utf-8?b?IG5oaeG7h20gduG7pSBxdcOhIGjhuqFuIOKAkyBuZ8OgeSAyNS8wNC8yMDI0?=\r\n"
    )
    assert str(make_header(decode_header(message_from_bytes(mail)["Subject"]))) == LONG_SUBJECT


def test_mail_is_known_as_automatic_and_by_its_id(mail_server: MailServer, certificate: Secured) -> None:
    channel = EmailChannel(reach(mail_server.port, certificate))
    channel.send(RECIPIENT, write_message())
    channel.send(RECIPIENT, write_message())
    first, again = mail_server.mails
    assert first.message_id == again.message_id == f"<{MESSAGE_ID}@tinh.example.invalid>"
    assert first.content["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(first.content["Date"]) == COMPOSED_AT


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x00\n"])
def test_subject_adds_no_header_and_no_recipient(mail_server: MailServer, certificate: Secured, ending: str) -> None:
    subject = f"Sở Y tế{ending}Bcc: other@example.invalid{ending}{ending}<b>body</b>"
    recipient = make_recipient_of_agency(name_vi='Sở "A", <other@example.invalid>')
    EmailChannel(reach(mail_server.port, certificate)).send(recipient, write_message(subject))
    (mail,) = mail_server.mails
    assert mail.addresses == [ADDRESS]
    assert (mail.content["Bcc"], mail.content["To"]) == (None, ADDRESS)
    assert mail.content["Subject"] == "Sở Y tế Bcc: other@example.invalid <b>body</b>"
    assert part(mail.content, "plain") == write_message().body_text


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("550 5.1.1 <so-y-te@tinh.example.invalid>: no such user", PermanentDeliveryError),
        ("450 4.2.0 <so-y-te@tinh.example.invalid>: greylisted", TemporaryDeliveryError),
        ("421 4.3.2 so-y-te@tinh.example.invalid closing", ChannelDownError),
    ],
)
def test_refused_address_raises_an_error_without_the_address(
    mail_server: MailServer, certificate: Secured, reply: str, kind: type[Exception]
) -> None:
    mail_server.replies[ADDRESS] = [reply]
    with pytest.raises(kind) as caught:
        EmailChannel(reach(mail_server.port, certificate)).send(RECIPIENT, write_message())
    assert type(caught.value) is kind
    assert reply[:9] in str(caught.value)
    assert ADDRESS not in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("554 5.7.1 spam", PermanentDeliveryError),
        ("451 4.3.0 later", TemporaryDeliveryError),
        ("421 closing", ChannelDownError),
    ],
)
def test_refused_content_raises_an_error_by_its_code(
    mail_server: MailServer, certificate: Secured, reply: str, kind: type[Exception]
) -> None:
    mail_server.data_replies = [reply]
    with pytest.raises(kind, match=reply) as caught:
        EmailChannel(reach(mail_server.port, certificate)).send(RECIPIENT, write_message())
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("reply", "kind"), [("553 5.7.1 not yours", TemporaryDeliveryError), ("421 closing", ChannelDownError)]
)
def test_refused_sender_is_no_fault_of_the_recipient(
    mail_server: MailServer, certificate: Secured, reply: str, kind: type[Exception]
) -> None:
    mail_server.replies[SENDER] = [reply]
    with pytest.raises(kind, match=reply) as caught:
        EmailChannel(reach(mail_server.port, certificate)).send(RECIPIENT, write_message())
    assert type(caught.value) is kind


@pytest.mark.parametrize("password", ["wrong", "mật khẩu"])
def test_refused_login_raises_an_error_without_the_secret(
    mail_server: MailServer, certificate: Secured, password: str
) -> None:
    access = replace(reach(mail_server.port, certificate), password=password)
    with pytest.raises(ChannelDownError, match="login") as caught:
        EmailChannel(access).send(RECIPIENT, write_message())
    assert password not in str(caught.value)
    assert caught.value.__cause__ is None
    assert password not in repr(access)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_server_of_an_unknown_authority_gets_nothing(certificate: Secured, security: Any) -> None:
    with serve_mail(security, certificate) as server:
        access = replace(reach(server.port, certificate, security), extra={"sender": SENDER, "security": security})
        with pytest.raises(ChannelDownError, match="certificate verify failed"):
            EmailChannel(access).send(RECIPIENT, write_message())
    assert (server.mails, server.logins) == ([], [])


def test_server_without_starttls_gets_nothing(certificate: Secured) -> None:
    with serve_mail("none") as server, pytest.raises(ChannelDownError, match="STARTTLS"):
        EmailChannel(reach(server.port, certificate)).send(RECIPIENT, write_message())
    assert server.mails == []


@pytest.mark.parametrize(
    ("host", "extra", "expected"),
    [
        ("mail.example.invalid", {"security": "none"}, "TLS beyond this machine"),
        ("127.0.0.1", {"security": "ssl"}, "none of starttls, tls and none"),
        ("127.0.0.1", {"sender": ""}, "no sender"),
        ("127.0.0.1", {"sender": "cchc@a.vn\r\nBcc: b@c.vn"}, "no sender"),
    ],
)
def test_wrong_setting_raises_an_error_and_sends_nothing(
    certificate: Secured, closed_port: int, host: str, extra: dict[str, str], expected: str
) -> None:
    access = replace(reach(closed_port, certificate, **extra), host=host)
    with pytest.raises(ChannelDownError, match=expected):
        EmailChannel(access).send(RECIPIENT, write_message())


def test_closed_port_is_a_channel_that_is_down(certificate: Secured, closed_port: int) -> None:
    with pytest.raises(ChannelDownError, match="refused"):
        EmailChannel(reach(closed_port, certificate)).send(RECIPIENT, write_message())


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_silent_server_is_left_after_the_timeout(certificate: Secured, silent_port: int, security: str) -> None:
    channel = EmailChannel(reach(silent_port, certificate, security), timeout_seconds=0.1)
    with pytest.raises(ChannelDownError, match="timed out"):
        channel.send(RECIPIENT, write_message())
