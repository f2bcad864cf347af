"""Opens alerts in ops.alert and records their later steps. Each step has the recipients to notify, and from when.

It doesn't decide when an alert opens or ends (``detection``) and sends nothing (``notification``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg

from cchc.alerts.model import (
    FACTS,
    QUIET_STEPS,
    AlertEvent,
    Audience,
    Facts,
    Kind,
    Resolution,
    Severity,
    Step,
    make_alert_id,
)
from cchc.alerts.recipients import Recipient
from cchc.alerts.rules import Rules
from cchc.calendar import LOCAL, WorkingDays
from cchc.mistake import Mistake
from cchc.warehouse.connection import run_file

# These concern the people who operate the pipeline; all other kinds concern the results of agencies.
FOR_OPERATORS: frozenset[Kind] = frozenset({"reconciliation", "source_late", "run_failed", "run_late", "undelivered"})
END_STEPS: dict[Resolution, Step] = {"recovered": "resolved", "withdrawn": "withdrawn", "closed": "closed"}
# Suppresses the notification of alerts that are found while history is rebuilt.
HISTORY = "history"
KEYS = ("plan_year", "figure_year", "indicator_code", "variant", "agency_code", "task_code", "source")


@dataclass(frozen=True)
class Alerting:
    """The configuration of alerts of one province.

    ``mistakes``: those of the recipients' file; a recipient with a mistake is not among ``recipients``.
    """

    province: str
    rules: Rules
    recipients: tuple[Recipient, ...]
    working_days: WorkingDays
    mistakes: tuple[Mistake, ...] = ()


@dataclass(frozen=True)
class NewAlert:
    """An alert to open. ``keys``: columns of ops.alert, among KEYS, that identify its subject.

    ``severity`` None: the rules' severity of its kind. ``suppressed_reason``: why nobody is notified; None: people are.
    """

    kind: Kind
    subject: str
    began_on: date
    as_of_date: date
    facts: Facts
    severity: Severity | None = None
    suppressed_reason: str | None = None
    keys: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OpenAlert:
    """An alert that isn't resolved. ``facts``: the JSON of its opening."""

    alert_id: UUID
    kind: Kind
    severity: Severity
    audience: Audience
    subject: str
    began_on: date
    is_notified: bool
    snoozed_until: date | None
    facts: Any


@dataclass(frozen=True)
class AlertLifecycle:
    """Writes in the current transaction of ``connection``. ``now``: the time of its steps.

    ``is_history``: the run is for an old day, so that its new alerts are suppressed.
    """

    connection: psycopg.Connection
    alerting: Alerting
    now: datetime
    is_history: bool = False

    def open(self, new: NewAlert) -> bool:
        """Open an alert, or reopen the resolved alert of the same episode.

        False where an alert of its kind and subject is open.
        """
        alert_id = make_alert_id(self.alerting.province, new.kind, new.subject, new.began_on)
        parameters = dict.fromkeys(KEYS) | new.keys | {
            "alert_id": alert_id,
            "kind": new.kind,
            "severity": new.severity or self.alerting.rules.severity[new.kind],
            "audience": "operators" if new.kind in FOR_OPERATORS else "performance",
            "province": self.alerting.province,
            "subject": new.subject,
            "began_on": new.began_on,
            "as_of_date": new.as_of_date,
            "suppressed_reason": HISTORY if self.is_history else new.suppressed_reason,
            "facts": new.facts.model_dump_json(),
            "now": self.now,
        }  # fmt: skip
        if run_file(self.connection, "alerts/open_alert.sql", parameters).rowcount:
            self.note(self.read(alert_id), "opened", new.as_of_date)
            return True
        return not self._is_open(new) and self.reopen(alert_id, new.as_of_date, new.facts)

    def move(self, alert_id: UUID, began_on: date) -> None:
        """Change the first day of an episode after a restatement or a late report. Nobody is notified."""
        self.connection.execute("update ops.alert set began_on = %s where alert_id = %s", [began_on, alert_id])

    def reopen(self, alert_id: UUID, as_of_date: date, facts: Facts) -> bool:
        """Open a resolved alert again. False where it isn't resolved, or another session was faster."""
        reopened = run_file(self.connection, "alerts/reopen_alert.sql", {"alert_id": alert_id}).rowcount
        if reopened:
            self.note(self.read(alert_id), "reopened", as_of_date, facts)
        return bool(reopened)

    def end(
        self, alert: OpenAlert, resolution: Resolution, resolved_on: date, as_of_date: date, facts: Facts | None = None
    ) -> None:
        """Resolve an alert, once. Recipients of its earlier steps are notified, unless it is merely ``closed``."""
        ended = self.connection.execute(
            "update ops.alert set status = 'resolved', resolved_on = %s, resolved_at = %s, resolution = %s"
            " where alert_id = %s and status <> 'resolved'",
            [resolved_on, self.now, resolution, alert.alert_id],
        ).rowcount
        if ended:
            self.note(alert, END_STEPS[resolution], as_of_date, facts)

    def note(
        self, alert: OpenAlert, step: Step, as_of_date: date, facts: Facts | None = None, *, is_quiet: bool = False
    ) -> None:
        """Write a step, and a notification for each recipient who wants it, unless ``is_quiet``."""
        row = self.connection.execute(
            "insert into ops.alert_step (alert_id, step, as_of_date, facts, noted_at) values (%s, %s, %s, %s, %s)"
            " returning step_id",
            [alert.alert_id, step, as_of_date, facts.model_dump_json() if facts else None, self.now],
        ).fetchone()
        event = _make_event(alert, step)
        for recipient in [] if is_quiet else self._choose_recipients(alert, event):
            due_at = recipient.choose_due(event.is_urgent, self.now, self.alerting.working_days)
            self.connection.execute(
                "insert into ops.notification (step_id, recipient, is_urgent, due_at) values (%s, %s, %s, %s)",
                [row and row[0], recipient.id, event.is_urgent, due_at],
            )

    def read(self, alert_id: UUID) -> OpenAlert:
        """One alert."""
        return self._read("alerts/alert.sql", {"alert_id": alert_id})[0]

    def read_open(self, kinds: Iterable[Kind]) -> list[OpenAlert]:
        """The alerts of some kinds that aren't resolved."""
        return self._read("alerts/open_alerts.sql", {"province": self.alerting.province, "kinds": list(kinds)})

    def _read(self, file: str, parameters: dict[str, Any]) -> list[OpenAlert]:
        return [OpenAlert(*row) for row in run_file(self.connection, file, parameters).fetchall()]

    def _is_open(self, new: NewAlert) -> bool:
        return any(alert.subject == new.subject for alert in self.read_open([new.kind]))

    def _choose_recipients(self, alert: OpenAlert, event: AlertEvent) -> list[Recipient]:
        """Openings go to all concerned, escalations to superiors, later steps to recipients of an earlier step."""
        is_snoozed = alert.snoozed_until is not None and self.now.astimezone(LOCAL).date() <= alert.snoozed_until
        if not alert.is_notified or is_snoozed or event.step in QUIET_STEPS:
            return []
        if event.step in ("opened", "escalated"):
            return [recipient for recipient in self.alerting.recipients if recipient.wants(event)]
        rows = run_file(self.connection, "alerts/notified_recipients.sql", {"alert_id": alert.alert_id}).fetchall()
        # A recipient who got the escalation alone gets the end too.
        events = event, replace(event, step="escalated")
        notified = [recipient for recipient in self.alerting.recipients if (recipient.id,) in rows]
        return [recipient for recipient in notified if any(map(recipient.wants, events))]


def _make_event(alert: OpenAlert, step: Step) -> AlertEvent:
    """The event that chooses the recipients; its facts are those of the opening."""
    return AlertEvent(
        alert_id=alert.alert_id,
        step=step,
        kind=alert.kind,
        severity=alert.severity,
        audience=alert.audience,
        began_on=alert.began_on,
        as_of_date=alert.began_on,  # recipients are chosen without it
        facts=FACTS.validate_python(alert.facts),
    )
