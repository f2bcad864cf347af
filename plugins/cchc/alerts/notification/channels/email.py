"""E-mail: one recipient for each message, over TLS, with a Message-ID that stays the same for each try."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.charset import BASE64, Charset
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any

from cchc.alerts.notification.channels.channel import (
    Access,
    ChannelDownError,
    Message,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from cchc.alerts.recipients import Recipient, is_address
from cchc.settings import LOOPBACK

# 421: the server closes the session, whatever the command.
_CLOSING = 421


# Not the one of the process: a library may have changed how it writes UTF-8 in headers.
_BASE64 = Charset("utf-8")
_BASE64.header_encoding = BASE64


class _Policy(EmailPolicy):
    """A mail whose subject is the same bytes from each Python: all of it encoded, its lines with their spaces.

    EmailPolicy encodes only some words. Before 3.13 it loses a space between two of them (python/cpython#92081), later
    it may join them to one that servers refuse (python/cpython#144156).
    """

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        if name == "Subject":
            return name, Header(value, _BASE64, header_name=name).encode()
        return super().header_store_parse(name, value)


@dataclass(frozen=True)
class EmailChannel:
    """A mail server.

    ``access.extra``: ``sender``, a bare address; ``security``: starttls (default), tls, or none on this machine only;
    ``ca_file``: certificates to trust instead of the system's.
    """

    access: Access
    timeout_seconds: float = 30  # for each answer of the server

    def send(self, recipient: Recipient, message: Message) -> None:
        """Send to the recipient's address.

        An error of the login or the sender can be mended (ChannelDownError, TemporaryDeliveryError); a code from 500 to
        RCPT or DATA is final (PermanentDeliveryError).
        """
        sender, address = self._read_sender(), recipient.address or ""
        mail = write_mail(sender, address, message)
        try:
            with self._open() as server:
                server.send_message(mail, sender, [address])
        except smtplib.SMTPRecipientsRefused as error:
            raise _classify(*error.recipients[address], "the address is refused") from None
        except smtplib.SMTPDataError as error:
            raise _classify(error.smtp_code, error.smtp_error, "the message is refused") from None
        except smtplib.SMTPSenderRefused as error:
            kind = ChannelDownError if error.smtp_code == _CLOSING else TemporaryDeliveryError
            raise kind(f"the sender is refused: {_quote(error.smtp_code, error.smtp_error)}") from None
        except smtplib.SMTPAuthenticationError as error:  # its text may repeat the credentials
            raise ChannelDownError(f"the mail server refuses the login: {error.smtp_code}") from None
        except smtplib.SMTPResponseException as error:
            raise ChannelDownError(f"the mail server: {_quote(error.smtp_code, error.smtp_error)}") from None
        except UnicodeError:  # its text holds what it couldn't encode
            raise ChannelDownError("host, login or password holds signs that mail servers don't take") from None
        except OSError as error:  # TLS, name, connection, time-out, and the rest of smtplib's
            raise ChannelDownError(f"the mail server: {error}") from None

    def _read_sender(self) -> str:
        sender = self.access.extra.get("sender", "")
        if not is_address(sender):
            raise ChannelDownError('the connection\'s extra names no sender: write {"sender": "cchc@tinh.gov.vn"}')
        return sender

    @contextmanager
    def _open(self) -> Iterator[smtplib.SMTP]:
        """A session that is secured and logged in. An error at its end changes nothing for an accepted message."""
        server = self._connect()
        try:
            if self.access.login:
                server.login(self.access.login, self.access.password)
            yield server
        finally:
            with suppress(OSError):
                server.quit()
            server.close()

    def _connect(self) -> smtplib.SMTP:
        host, port = self.access.host, self.access.port or 0
        match self.access.extra.get("security", "starttls"):
            case "tls":
                return smtplib.SMTP_SSL(host, port, timeout=self.timeout_seconds, context=self._trust())
            case "starttls":
                trusted = self._trust()
                server = smtplib.SMTP(host, port, timeout=self.timeout_seconds)
                try:
                    server.starttls(context=trusted)
                except BaseException:
                    server.close()
                    raise
                return server
            case "none" if host in LOOPBACK:
                return smtplib.SMTP(host, port, timeout=self.timeout_seconds)
            case "none":
                raise ChannelDownError("security none: mail goes over TLS beyond this machine, write starttls or tls")
            case other:
                raise ChannelDownError(f"security {other} is none of starttls, tls and none")

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.access.extra.get("ca_file"))


def write_mail(sender: str, address: str, message: Message) -> EmailMessage:
    """The mail with text and HTML. Its headers hold no name and a one-line subject, so no value can add a header."""
    mail = EmailMessage(policy=_Policy(linesep="\r\n"))
    mail["From"] = sender
    mail["To"] = address
    mail["Subject"] = " ".join("".join(sign if sign.isprintable() else " " for sign in message.subject).split())
    mail["Date"] = format_datetime(message.composed_at)
    mail["Message-ID"] = f"<{message.message_id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    # Some servers accept 7 bits only.
    mail.set_content(message.body_text, cte="quoted-printable")
    mail.add_alternative(message.body_html, subtype="html", cte="quoted-printable")
    return mail


def _classify(code: int, reply: bytes | str, fault: str) -> Exception:
    text = f"{fault}: {_quote(code, reply)}"
    if code == _CLOSING:
        return ChannelDownError(text)
    return PermanentDeliveryError(text) if code >= 500 else TemporaryDeliveryError(text)


def _quote(code: int, reply: bytes | str) -> str:
    """The server's reply in one line, without its addresses."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    words = ("…" if "@" in word else word for word in text.split())
    return f"{code} {' '.join(words)[:200]}"
