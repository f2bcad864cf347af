"""Alerts about deadlines on the newest day: tasks of the annex that are overdue or due soon, and late sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from cchc.alerts.lifecycle import HISTORY, AlertLifecycle, NewAlert
from cchc.alerts.model import OperatorFacts, TaskFacts, TaskKind
from cchc.alerts.runbook import RunbookPage
from cchc.messages import read_messages
from cchc.presentation.formats_vi import format_day
from cchc.warehouse.connection import run_file

DONE = frozenset({"done", "not_applicable"})
MESSAGES = read_messages("alert_facts")


def evaluate_tasks(lifecycle: AlertLifecycle, names: Mapping[str, str], day: date, history_before: date) -> None:
    """Open and end the alerts of tasks by their state on ``day``. Tasks due before ``history_before`` are history.

    ``names``: the agencies' names on that day.
    """
    parameters = {"province": lifecycle.alerting.province, "day": day}
    rows = run_file(lifecycle.connection, "alerts/task_states.sql", parameters).fetchall()
    wanted: dict[tuple[str, str], NewAlert] = {}
    states: dict[str, str] = {}
    for plan_year, task_code, content, agency_code, due_on, status, is_overdue, is_due_soon in rows:
        subject = f"{plan_year}/{task_code}/{agency_code}"
        states[subject] = status
        if is_overdue or is_due_soon:
            kind: TaskKind = "task_overdue" if is_overdue else "task_due_soon"
            wanted[kind, subject] = NewAlert(
                kind=kind,
                subject=subject,
                began_on=due_on + timedelta(days=1) if is_overdue else due_on,
                as_of_date=day,
                facts=TaskFacts(
                    kind=kind, task_code=task_code, content_vi=content, agency_code=agency_code,
                    agency_name_vi=names.get(agency_code, agency_code), due_on=due_on, status=status,
                ),
                suppressed_reason=HISTORY if due_on < history_before else None,
                keys={"plan_year": plan_year, "task_code": task_code, "agency_code": agency_code},
            )  # fmt: skip
    for alert in lifecycle.read_open(("task_overdue", "task_due_soon")):
        if not wanted.pop((alert.kind, alert.subject), None):
            is_done = states.get(alert.subject) in DONE
            lifecycle.end(alert, "recovered" if is_done else "closed", day, day)
    for new in wanted.values():
        lifecycle.open(new)


def evaluate_sources(lifecycle: AlertLifecycle, day: date) -> None:
    """Open and end the alerts of sources by their delay on the newest day. A source without any data isn't late yet."""
    rows: Sequence[tuple[str, str, date, date]] = lifecycle.connection.execute(
        "select source, min(name_vi), min(newest_day), min(stale_since) from mart.data_freshness"
        " where is_late and newest_day is not null group by source order by source"
    ).fetchall()
    late = {source for source, *_ in rows}
    for alert in lifecycle.read_open(("source_late",)):
        if alert.subject not in late:
            lifecycle.end(alert, "recovered", day, day)
    for source, name_vi, newest_day, stale_since in rows:
        facts = OperatorFacts(
            kind="source_late",
            subject_vi=MESSAGES.format("source_late.subject", name=name_vi, source=source),
            details_vi=MESSAGES.format(
                "source_late.details", newest_day=format_day(newest_day), stale_since=format_day(stale_since)
            ),
            runbook=RunbookPage.SOURCE_LATE,
            source=source,
        )
        lifecycle.open(NewAlert("source_late", source, stale_since, day, facts, keys={"source": source}))
