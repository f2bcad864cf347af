"""A real mail server (aiosmtpd) with a test authority's certificate; it keeps what it gets, and replies as scripted."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

LOGIN, PASSWORD = "cchc", "the-mail-servers-password"


@dataclass(frozen=True)
class Mail:
    """One mail as it came."""

    sender: str
    addresses: list[str]
    content: EmailMessage

    @property
    def message_id(self) -> str:
        return str(self.content["Message-ID"])


@dataclass
class MailServer:
    """``replies``: address → what MAIL or RCPT with it is answered, one after another; afterwards it is taken.

    ``data_replies``: what the content is answered in the same way. ``logins``: the names that have logged in.
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
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, told: LoginPassword
    ) -> AuthResult:
        is_right = (told.login, told.password) == (LOGIN.encode(), PASSWORD.encode())
        if is_right:
            self.logins.append(LOGIN)
        return AuthResult(success=is_right, handled=False)


@dataclass(frozen=True)
class Certificate:
    """Of 127.0.0.1, signed by the authority in ``ca_file``."""

    ca_file: Path
    chain: Path

    @property
    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain)
        return context


def make_certificate(folder: Path) -> Certificate:
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test authority")])
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail server")])
    now = datetime.now(UTC)

    def build(subject: x509.Name, public_key: ec.EllipticCurvePublicKey, is_authority: bool) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if not is_authority:
            names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(authority_key, hashes.SHA256())

    pem = serialization.Encoding.PEM
    certificate = Certificate(folder / "ca.pem", folder / "server.pem")
    certificate.ca_file.write_bytes(build(authority, authority_key.public_key(), True).public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    certificate.chain.write_bytes(build(name, key.public_key(), False).public_bytes(pem) + private)
    return certificate


@contextmanager
def serve_mail(
    security: Literal["starttls", "tls", "none"], certificate: Certificate | None = None, port: int = 0
) -> Iterator[MailServer]:
    """Serve on 127.0.0.1 until the block ends. With a certificate it takes a login; "starttls" wants one."""
    server, loop = MailServer(), asyncio.new_event_loop()
    settings: dict[str, Any] = {"hostname": "mail.example.invalid", "loop": loop}
    if certificate:
        settings |= {"authenticator": server.authenticate, "auth_require_tls": security == "starttls"}
    if certificate and security == "starttls":
        settings |= {"tls_context": certificate.context, "require_starttls": True, "auth_required": True}
    implicit = certificate.context if certificate and security == "tls" else None

    async def close_port(listening: asyncio.Server) -> None:
        listening.close()
        sessions = asyncio.all_tasks() - {asyncio.current_task()}
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)

    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        opening = loop.create_server(lambda: SMTP(server, **settings), "127.0.0.1", port, ssl=implicit)
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
