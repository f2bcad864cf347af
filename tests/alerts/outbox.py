"""The warehouse's outbox, which the tests of delivery fill and read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import uuid4

import psycopg

from cchc.alerts.model import AlertEvent, OperatorFacts
from cchc.alerts.notification.channels.channel import Channel
from cchc.alerts.notification.outbox import DeliveryOutcome, compose_due, send_due
from cchc.alerts.notification.rendering import Content
from cchc.alerts.recipients import Recipient
from cchc.calendar import LOCAL
from tests.alerts.messages import make_facts
from tests.conftest import Warehouse

EVENING = datetime(2024, 12, 30, 22, 0, tzinfo=LOCAL)


@dataclass
class Outbox:
    """The warehouse's outbox, with a recorder in place of the renderer."""

    warehouse: Warehouse
    connection: psycopg.Connection
    composed: list[tuple[str, list[AlertEvent], bool]] = field(default_factory=list)

    def compose(self, recipient: Recipient, events: list[AlertEvent], is_urgent: bool) -> Content:
        self.composed.append((recipient.id, events, is_urgent))
        return Content(f"{len(events)} cảnh báo", "Nội dung", "<p>Nội dung</p>")

    def compose_due(self, *recipients: Recipient, now: datetime = EVENING) -> int:
        return compose_due(self.connection, recipients, now, self.compose)

    def add_notification(
        self, recipient: Recipient, due_at: datetime = EVENING, *, is_urgent: bool = False, **step: Any
    ) -> None:
        """Add an alert with one step and its notification. ``step``: its name, ``facts`` and ``opened_facts``."""
        alert_id, opened_facts = uuid4(), step.get("opened_facts", make_facts())
        is_operation = isinstance(opened_facts, OperatorFacts)
        self.connection.execute(
            "insert into ops.alert (alert_id, kind, severity, audience, status, province_code, subject, began_on,"
            " as_of_date, is_notified, facts, opened_at)"
            " values (%s, %s, 'warning', %s, 'open', 'H58', %s, '2024-12-28', '2024-12-29', true, %s, %s)",
            [alert_id, opened_facts.kind, "operators" if is_operation else "performance", str(alert_id),
             opened_facts.model_dump_json(), EVENING],
        )  # fmt: skip
        facts = step.get("facts")
        self.connection.execute(
            "with step as (insert into ops.alert_step (alert_id, step, as_of_date, facts, noted_at)"
            " values (%s, %s, %s, %s, %s) returning step_id)"
            " insert into ops.notification (step_id, recipient, is_urgent, due_at)"
            " select step_id, %s, %s, %s from step",
            [alert_id, step.get("step", "opened"), step.get("as_of_date"), facts and facts.model_dump_json(), EVENING,
             recipient.id, is_urgent, due_at],
        )  # fmt: skip

    def add_messages(self, *recipients: Recipient, is_urgent: bool = False) -> None:
        """Add a waiting message for each recipient."""
        for recipient in recipients:
            self.add_notification(recipient, is_urgent=is_urgent)
            self.compose_due(recipient)

    def send_due(
        self, channels: dict[str, Channel], *recipients: Recipient, now: datetime = EVENING
    ) -> DeliveryOutcome:
        return send_due(self.connection, recipients, channels, now)

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        """Rows of ops.message by recipient, as another session sees them."""
        return self.warehouse.query(f"select {columns} from ops.message order by recipient, composed_at")


def await_lock(warehouse: Warehouse) -> None:
    """Return as soon as a session waits for a lock of ops.lock: for the transaction that has its row."""
    waiting = (
        "select count(*) from pg_locks as l inner join pg_stat_activity as a on l.pid = a.pid"
        " where a.datname = current_database() and l.locktype = 'transactionid' and not l.granted"
    )
    deadline = monotonic() + 30
    while warehouse.query(waiting) != [(1,)]:
        assert monotonic() < deadline, "no session waits"
