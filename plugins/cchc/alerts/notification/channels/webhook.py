"""Webhook: a signed JSON document by POST, with an idempotency key that stays the same for each try."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass

import requests

from cchc.alerts.notification.channels.channel import (
    Access,
    ChannelDownError,
    Message,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from cchc.alerts.recipients import Recipient
from cchc.sources.errors import SourceError
from cchc.sources.http import check_host
from cchc.sources.http_session import Deadline, Route, open_session, read_route

# These are about the message itself. The receiver can mend any other failure, also 401 or 404.
_PERMANENT_STATUSES = frozenset({400, 410, 413, 415, 422})


@dataclass(frozen=True)
class WebhookChannel:
    """A receiver.

    ``access``: ``host`` is the whole address, https or on this machine; ``password`` signs the body; ``extra``:
    ``ca_file`` and ``proxy``, as in the connection of a source.
    """

    access: Access
    connect_timeout_seconds: float = 5
    read_timeout_seconds: float = 30
    answer_timeout_seconds: float = 60

    def send(self, recipient: Recipient, message: Message) -> None:
        """POST the message; any 2xx accepts it. No error names the address, since receivers put secrets into it."""
        url, secret, route = self._read_access()
        body = write_body(recipient, message)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "cchc",
            "Idempotency-Key": str(message.message_id),
            "X-Cchc-Signature": f"sha256={sign(body, secret)}",
        }
        timeout = (self.connect_timeout_seconds, self.read_timeout_seconds)
        try:
            with (
                Deadline(self.answer_timeout_seconds) as deadline,
                open_session(url, deadline, route) as session,
                # Only the status of the answer is read.
                session.post(
                    url, data=body, headers=headers, timeout=timeout, allow_redirects=False, stream=True
                ) as answer,
            ):
                status = answer.status_code
        except (requests.RequestException, ValueError) as error:  # ValueError: a Location that can't be read
            raise ChannelDownError(f"no answer ({type(error).__name__})") from None
        if status in _PERMANENT_STATUSES:
            raise PermanentDeliveryError(f"HTTP {status}")
        if not 200 <= status < 300:
            raise TemporaryDeliveryError(f"HTTP {status}")

    def _read_access(self) -> tuple[str, str, Route]:
        """The address, the secret and the route of the access."""
        try:
            check_host(self.access.host)
        except (SourceError, ValueError):
            raise ChannelDownError("the connection's host is no https address: write https://…") from None
        if not self.access.password:
            raise ChannelDownError("the connection has no password to sign with")
        try:
            route = read_route(self.access.extra)
        except SourceError as error:
            raise ChannelDownError(f"the connection's {error}") from None
        return self.access.host, self.access.password, route


def write_body(recipient: Recipient, message: Message) -> bytes:
    """The JSON document of a message, in UTF-8."""
    document = {
        "message_id": str(message.message_id),
        "recipient": recipient.id,
        "is_urgent": message.is_urgent,
        "composed_at": message.composed_at.isoformat(),
        "subject": message.subject,
        "text": message.body_text,
        "html": message.body_html,
    }
    return json.dumps(document, ensure_ascii=False).encode()


def sign(body: bytes, secret: str) -> str:
    """The HMAC-SHA256 of a body, in hexadecimal."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
