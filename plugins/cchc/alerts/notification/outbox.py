"""From notices to messages, and from the outbox to people: nothing lost, and a repeat is known by its message_id."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import psycopg

from cchc.alerts.model import FACTS, Audience, Told
from cchc.alerts.notification.channels.channel import Channel, ChannelDownError, Message, RefusedError, UndeliveredError
from cchc.alerts.notification.rendering import Content
from cchc.alerts.recipients import Recipient, strip_foreign
from cchc.warehouse.connection import hold_lock, run_file

log = logging.getLogger(__name__)

FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=6)
GIVE_UP_AFTER = timedelta(days=7)

Compose = Callable[[Recipient, list[Told], bool], Content]


@dataclass(frozen=True)
class GivenUp:
    """A message that isn't tried any more, and why."""

    message_id: UUID
    recipient: str
    why: str


@dataclass(frozen=True)
class Outcome:
    """What became of the messages whose turn it was. ``waiting``: their turn comes again."""

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
    """Write one message for all that a recipient is due to be told, apart for each audience and for what is urgent.

    Each is committed by itself: one that can't be written stops no other. Returns how many. Notices of recipients who
    aren't in the file wait for them; what a recipient isn't to know any more is dropped.
    """
    known = {recipient.id: recipient for recipient in recipients}
    composed = 0
    with hold_lock(connection, "compose"):
        rows = run_file(connection, "alerts/compose_notifications.sql", {"now": now}).fetchall()
        for (name, _, is_urgent), notices in _group_notices(rows).items():
            recipient = known.get(name)
            if recipient is None:
                log.warning("%d notices wait for recipient %s, who isn't in the recipients' file", len(notices), name)
                continue
            try:
                composed += _compose_message(connection, recipient, notices, is_urgent, now, compose)
            except Exception:
                log.exception("the message for %s of %d notices can't be written; they wait", name, len(notices))
    return composed


def _compose_message(
    connection: psycopg.Connection,
    recipient: Recipient,
    notices: Mapping[int, Told],
    is_urgent: bool,
    now: datetime,
    compose: Compose,
) -> bool:
    """Whether there was anything left to tell."""
    told = {
        notification_id: strip_foreign(one, recipient)
        for notification_id, one in notices.items()
        if recipient.may_know(one)
    }
    with connection.transaction():
        if told:
            content = compose(recipient, list(told.values()), is_urgent)
            _store_message(connection, recipient, list(told), is_urgent, content, now)
            log.info("a message for %s of %d notices", recipient.id, len(told))
        if len(told) < len(notices):
            dropped = list(notices.keys() - told.keys())
            connection.execute("delete from ops.notification where notification_id = any(%s)", [dropped])
            log.info("%d notices for %s dropped: the recipients' file gives it less by now", len(dropped), recipient.id)
    return bool(told)


def _group_notices(rows: Iterable[Sequence[Any]]) -> dict[tuple[str, Audience, bool], dict[int, Told]]:
    """Notices in their order, by what goes into one message: recipient, audience, whether urgent.

    ``rows`` begin with the columns of alerts/compose_notifications.sql.
    """
    groups: dict[tuple[str, Audience, bool], dict[int, Told]] = defaultdict(dict)
    for notification_id, recipient, is_urgent, *columns in rows:
        *told, facts, opened_facts = columns[:9]
        known = [stored and FACTS.validate_python(stored) for stored in (facts, opened_facts)]
        item = Told(*told, *known)
        groups[recipient, item.audience, is_urgent][notification_id] = item
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
    run_file(connection, "alerts/compose_message.sql", parameters)


def send_due(
    connection: psycopg.Connection,
    recipients: Iterable[Recipient],
    channels: Mapping[str, Channel],
    now: datetime,
    *,
    is_whole: bool = True,
) -> Outcome:
    """Send the waiting messages whose turn it is; ``channels`` by connection, without those that aren't set.

    ``is_whole``: no entry of the recipients' file is refused, so that whoever is missing has left it. Each message is
    committed as soon as it is taken: a crash in between sends that one again, with the same message_id. ``connection``
    commits by itself (cchc.warehouse.connection.connect).
    """
    with hold_lock(connection, "deliver"):  # whoever comes second finds what is left
        known = {recipient.id: recipient for recipient in recipients}
        delivery = _Delivery(connection, known, channels, now, is_whole)
        for waiting in _read_waiting(connection, now):
            delivery.handle(waiting)
    outcome = Outcome(delivery.sent, delivery.waiting, tuple(delivery.given_up))
    log.info("sent %d messages, %d wait, %d given up", outcome.sent, outcome.waiting, len(outcome.given_up))
    return outcome


def _read_waiting(connection: psycopg.Connection, now: datetime) -> list[_Waiting]:
    rows = run_file(connection, "alerts/send_waiting.sql", {"now": now}).fetchall()
    return [_Waiting(recipient, tries, Message(*message)) for recipient, tries, *message in rows]


@dataclass
class _Delivery:
    """One run over the outbox. ``down``: connection → why nothing goes by it in this run."""

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
        """Try one message, unless its recipient isn't to be disturbed now, and store what became of it."""
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
        except RefusedError as error:
            self._give_up(waiting, str(error))
        except UndeliveredError as error:
            if self.now - waiting.message.composed_at >= GIVE_UP_AFTER:
                self._give_up(waiting, str(error))
                return
            wait = min(FIRST_WAIT * 2**waiting.tries, LONGEST_WAIT)
            self._store(waiting, "waiting", next_try_at=self.now + wait, error=str(error))
            self.waiting += 1
        else:
            self._store(waiting, "sent", next_try_at=self.now, error=None)
            self.sent += 1

    def _send(self, recipient: Recipient, message: Message) -> None:
        """Send by the recipient's channel; one that is down isn't asked again in this run."""
        route = recipient.route
        if route in self.down:
            raise UndeliveredError(self.down[route])
        try:
            if route not in self.channels:
                raise ChannelDownError(f"the Airflow connection {route} is not set")
            self.channels[route].send(recipient, message)
        except ChannelDownError as error:
            self.down[route] = str(error)
            log.warning("connection %s: %s; its messages wait", route, error)
            raise
        except (RefusedError, UndeliveredError):
            raise
        except Exception as error:  # noqa: BLE001  of a channel's library: its words may hold secrets, and it stops no other
            raise UndeliveredError(f"connection {route}: {type(error).__name__}") from None

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
        run_file(self.connection, "alerts/send_outcome.sql", parameters)
