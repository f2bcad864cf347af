"""The interface of channels: their access, the message, and the errors they raise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from cchc.alerts.recipients import Recipient


class PermanentDeliveryError(Exception):
    """The receiver will never accept this message: another try would get the same answer."""


class TemporaryDeliveryError(Exception):
    """The receiver didn't accept this message now, and may accept it later."""


class ChannelDownError(TemporaryDeliveryError):
    """The channel sends no message at all now: no connection, no login, a wrong setting."""


@dataclass(frozen=True)
class Access:
    """Address and credentials of a channel's server, as an Airflow connection holds them."""

    host: str
    port: int | None = None
    login: str = ""
    password: str = field(default="", repr=False)
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Message:
    """A message to send. ``message_id`` stays the same for each try."""

    message_id: UUID
    is_urgent: bool
    subject: str
    body_text: str
    body_html: str
    composed_at: datetime


class Channel(Protocol):
    """Sends one message to one recipient.

    The texts of its errors are stored and logged, so they hold neither addresses nor secrets.
    """

    def send(self, recipient: Recipient, message: Message) -> None:
        """Send; return once the receiver has accepted.

        Raises PermanentDeliveryError, TemporaryDeliveryError or, for the whole channel, ChannelDownError.
        """
