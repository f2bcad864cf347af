"""What a channel is given, what it does, and how it tells that it couldn't."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from cchc.alerts.recipients import Recipient


class RefusedError(Exception):
    """This message will never be taken: another try would be answered the same."""


class UndeliveredError(Exception):
    """This message wasn't taken now, and may be later."""


class ChannelDownError(UndeliveredError):
    """Nothing goes by this channel now, whatever the message: no connection, no login, a setting that's wrong."""


@dataclass(frozen=True)
class Access:
    """Where a channel's server is and how it knows us, as an Airflow connection says it."""

    host: str
    port: int | None = None
    login: str = ""
    password: str = field(default="", repr=False)
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Message:
    """What is sent. ``message_id`` stays the same however often it is sent."""

    message_id: UUID
    is_urgent: bool
    subject: str
    body_text: str
    body_html: str
    composed_at: datetime


class Channel(Protocol):
    """Sends one message to one recipient.

    What it raises is stored and logged: it names neither addresses nor secrets.
    """

    def send(self, recipient: Recipient, message: Message) -> None:
        """Returns when the message has been taken; raises RefusedError, UndeliveredError or ChannelDownError."""
