"""The outbox: due notifications become stored messages, and stored messages go to people.

No message is lost; one that is sent again after a crash has the same message_id.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import psycopg

from cchc.alerts.model import FACTS, AlertEvent, Audience
from cchc.alerts.notification.channels.channel import (
    Channel,
    ChannelDownError,
    Message,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from cchc.alerts.notification.rendering import Content
from cchc.alerts.recipients import Recipient, strip_foreign
from cchc.warehouse.connection import hold_lock, run_file

log = logging.getLogger(__name__)

FIRST_WAIT = timedelta(minutes=5)
MAX_WAIT = timedelta(hours=6)
GIVE_UP_AFTER = timedelta(days=7)

Compose = Callable[[Recipient, list[AlertEvent], bool], Content]


@dataclass(frozen=True)
class GivenUp:
    """A message that isn't tried again, and why."""

    message_id: UUID
    recipient: str
    why: str


@dataclass(frozen=True)
class DeliveryOutcome:
    """The outcome of a delivery: numbers of messages sent and still waiting, and the messages given up."""

    sent: int
    waiting: int
    given_up: tuple[GivenUp, ...]


@dataclass(frozen=True)
class _Waiting:
    """A message of the outbox."""

    recipient: str
    tries: int
    message: Message


def compose_due(
    connection: psycopg.Connection, recipients: Iterable[Recipient], now: datetime, compose: Compose
) -> int:
    """Write one message for all due notifications of a recipient, audience and urgency; returns the number written.

    Each message is committed by itself. Notifications of recipients who aren't in the file wait for them; those that no
    longer concern their recipient are deleted.
    """
    known = {recipient.id: recipient for recipient in recipients}
    composed = 0
    with hold_lock(connection, "compose"):
        rows = run_file(connection, "alerts/due_notifications.sql", {"now": now}).fetchall()
        for (name, _, is_urgent), notifications in _group_notifications(rows).items():
            recipient = known.get(name)
            if recipient is None:
                log.warning(
                    "%d notifications wait for recipient %s, who isn't in the recipients' file",
                    len(notifications),
                    name,
                )
                continue
            try:
                composed += _compose_message(connection, recipient, notifications, is_urgent, now, compose)
            except Exception:  # texts and templates are files that people edit, and one bad message stops no other
                log.exception(
                    "the message for %s of %d notifications can't be written; they wait", name, len(notifications)
                )
    return composed


def _compose_message(
    connection: psycopg.Connection,
    recipient: Recipient,
    notifications: Mapping[int, AlertEvent],
    is_urgent: bool,
    now: datetime,
    compose: Compose,
) -> bool:
    """Whether a message was written: some of the notifications still concern the recipient."""
    events = {
        notification_id: strip_foreign(event, recipient)
        for notification_id, event in notifications.items()
        if recipient.may_know(event)
    }
    with connection.transaction():
        if events:
            content = compose(recipient, list(events.values()), is_urgent)
            _store_message(connection, recipient, list(events), is_urgent, content, now)
            log.info("a message for %s of %d notifications", recipient.id, len(events))
        if len(events) < len(notifications):
            dropped = list(notifications.keys() - events.keys())
            connection.execute("delete from ops.notification where notification_id = any(%s)", [dropped])
            log.info(
                "%d notifications for %s dropped: the recipients' file gives it less by now", len(dropped), recipient.id
            )
    return bool(events)


def _group_notifications(rows: Iterable[Sequence[Any]]) -> dict[tuple[str, Audience, bool], dict[int, AlertEvent]]:
    """The notifications of each message by their identifier; a message has one recipient, audience and urgency.

    ``rows``: those of alerts/due_notifications.sql.
    """
    groups: dict[tuple[str, Audience, bool], dict[int, AlertEvent]] = defaultdict(dict)
    for notification_id, recipient, is_urgent, *columns in rows:
        *fields, facts, opened_facts = columns
        known = [stored and FACTS.validate_python(stored) for stored in (facts, opened_facts)]
        event = AlertEvent(*fields, *known)
        groups[recipient, event.audience, is_urgent][notification_id] = event
    return groups


def _store_message(
    connection: psycopg.Connection,
    recipient: Recipient,
    notification_ids: list[int],
    is_urgent: bool,
    content: Content,
    now: datetime,
) -> None:
    parameters = {
        "message_id": uuid5(NAMESPACE_URL, f"cchc/message/{recipient.id}/{','.join(map(str, notification_ids))}"),
        "recipient": recipient.id,
        "is_urgent": is_urgent,
        "subject": content.subject,
        "body_text": content.body_text,
        "body_html": content.body_html,
        "now": now,
        "notification_ids": notification_ids,
    }
    run_file(connection, "alerts/store_message.sql", parameters)


def send_due(
    connection: psycopg.Connection,
    recipients: Iterable[Recipient],
    channels: Mapping[str, Channel],
    now: datetime,
    *,
    is_whole: bool = True,
) -> DeliveryOutcome:
    """Send the waiting messages that are due. ``channels``: by Airflow connection, without those that aren't set.

    ``is_whole``: the recipients' file has no mistake, so that a missing recipient has left it. Each message is
    committed once its channel has accepted it: a crash in between sends that one again, with the same message_id.
    ``connection`` commits by itself (cchc.warehouse.connection.connect).
    """
    with hold_lock(connection, "deliver"):  # a second sender finds only what is left
        known = {recipient.id: recipient for recipient in recipients}
        delivery = _Delivery(connection, known, channels, now, is_whole)
        for waiting in _read_waiting(connection, now):
            delivery.handle(waiting)
    outcome = DeliveryOutcome(delivery.sent, delivery.waiting, tuple(delivery.given_up))
    log.info("sent %d messages, %d wait, %d given up", outcome.sent, outcome.waiting, len(outcome.given_up))
    return outcome


def _read_waiting(connection: psycopg.Connection, now: datetime) -> list[_Waiting]:
    rows = run_file(connection, "alerts/due_messages.sql", {"now": now}).fetchall()
    return [_Waiting(recipient, tries, Message(*message)) for recipient, tries, *message in rows]


@dataclass
class _Delivery:
    """One pass over the outbox. ``down``: Airflow connection → why it sends nothing more in this pass."""

    connection: psycopg.Connection
    recipients: Mapping[str, Recipient]
    channels: Mapping[str, Channel]
    now: datetime
    is_whole: bool
    down: dict[str, str] = field(default_factory=dict)
    sent: int = 0
    waiting: int = 0
    given_up: list[GivenUp] = field(default_factory=list)

    def handle(self, waiting: _Waiting) -> None:
        """Try one message and store the outcome; in the quiet hours of its recipient it waits."""
        recipient = self.recipients.get(waiting.recipient)
        if recipient is None and not self.is_whole:
            log.warning("a message for %s waits until the recipients' file has no mistake", waiting.recipient)
            self.waiting += 1
        elif recipient is None:
            self._give_up(waiting, "the recipient is no longer in the recipients' file")
        elif recipient.is_quiet(self.now) and not waiting.message.is_urgent:
            self.waiting += 1
        else:
            self._try(recipient, waiting)

    def _try(self, recipient: Recipient, waiting: _Waiting) -> None:
        try:
            self._send(recipient, waiting.message)
        except PermanentDeliveryError as error:
            self._give_up(waiting, str(error))
        except TemporaryDeliveryError as error:
            if self.now - waiting.message.composed_at >= GIVE_UP_AFTER:
                self._give_up(waiting, str(error))
                return
            wait = min(FIRST_WAIT * 2**waiting.tries, MAX_WAIT)
            self._store(waiting, "waiting", next_try_at=self.now + wait, error=str(error))
            self.waiting += 1
        else:
            self._store(waiting, "sent", next_try_at=self.now, error=None)
            self.sent += 1

    def _send(self, recipient: Recipient, message: Message) -> None:
        """Send by the recipient's channel, unless the channel was down earlier in this pass."""
        route = recipient.route
        if route in self.down:
            raise TemporaryDeliveryError(self.down[route])
        try:
            if route not in self.channels:
                raise ChannelDownError(f"the Airflow connection {route} is not set")
            self.channels[route].send(recipient, message)
        except ChannelDownError as error:
            self.down[route] = str(error)
            log.warning("connection %s: %s; its messages wait", route, error)
            raise
        except (PermanentDeliveryError, TemporaryDeliveryError):
            raise
        except Exception as error:  # noqa: BLE001 - any library of a channel; its text may hold secrets, so it isn't kept
            raise TemporaryDeliveryError(f"connection {route}: {type(error).__name__}") from None

    def _give_up(self, waiting: _Waiting, why: str) -> None:
        self._store(waiting, "given_up", next_try_at=self.now, error=why)
        self.given_up.append(GivenUp(waiting.message.message_id, waiting.recipient, why))
        log.error("message %s for %s is given up: %s", waiting.message.message_id, waiting.recipient, why)

    def _store(self, waiting: _Waiting, status: str, next_try_at: datetime, error: str | None) -> None:
        parameters = {
            "message_id": waiting.message.message_id,
            "status": status,
            "tries": waiting.tries + 1,
            "next_try_at": next_try_at,
            "last_error": error,
            "sent_at": self.now if status == "sent" else None,
        }
        run_file(self.connection, "alerts/message_outcome.sql", parameters)
