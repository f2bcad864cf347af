"""A real mail server (aiosmtpd) with a test authority's certificate; it keeps the mails and replies as scripted."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Thread
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from simulator.certificates import Secured

LOGIN, PASSWORD = "cchc", "the-mail-servers-password"


@dataclass(frozen=True)
class Mail:
    """One mail as received."""

    sender: str
    addresses: list[str]
    content: EmailMessage

    @property
    def message_id(self) -> str:
        return str(self.content["Message-ID"])


@dataclass
class MailServer:
    """``replies``: address → the replies to MAIL or RCPT, in order; later ones are accepted.

    ``data_replies``: the replies to the content, in the same way. ``logins``: the names that have logged in.
    """

    port: int = 0
    mails: list[Mail] = field(default_factory=list)
    replies: dict[str, list[str]] = field(default_factory=dict)
    data_replies: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 - named by aiosmtpd
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.replies.get(address):
            return self.replies[address].pop(0)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.replies.get(address):
            return self.replies[address].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data_replies:
            return self.data_replies.pop(0)
        content = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append(Mail(envelope.mail_from, envelope.rcpt_tos, content))
        return "250 OK"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: LoginPassword
    ) -> AuthResult:
        is_right = (given.login, given.password) == (LOGIN.encode(), PASSWORD.encode())
        if is_right:
            self.logins.append(LOGIN)
        return AuthResult(success=is_right, handled=False)


@contextmanager
def serve_mail(
    security: Literal["starttls", "tls", "none"],
    certificate: Secured | None = None,
    port: int = 0,
    *,
    host: str = "127.0.0.1",
    wants_login: bool = True,
) -> Iterator[MailServer]:
    """Serve until the block ends. With a certificate it accepts a login; "starttls" requires one if ``wants_login``."""
    server, loop = MailServer(), asyncio.new_event_loop()
    settings: dict[str, Any] = {"hostname": "mail.example.invalid", "loop": loop}
    if certificate:
        settings |= {"authenticator": server.authenticate, "auth_require_tls": security == "starttls"}
    if certificate and security == "starttls":
        settings |= {"tls_context": make_context(certificate), "require_starttls": True}
        settings["auth_required"] = wants_login
    implicit = make_context(certificate) if certificate and security == "tls" else None

    async def close_port(listening: asyncio.Server) -> None:
        listening.close()
        sessions = asyncio.all_tasks() - {asyncio.current_task()}
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)

    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        opening = loop.create_server(lambda: SMTP(server, **settings), host, port, ssl=implicit)
        listening = asyncio.run_coroutine_threadsafe(opening, loop).result()
        server.port = listening.sockets[0].getsockname()[1]
        try:
            yield server
        finally:
            asyncio.run_coroutine_threadsafe(close_port(listening), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def make_context(certificate: Secured) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context
