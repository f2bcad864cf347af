"""Nightly runs whose attainment isn't ready by its hour.

The check is apart from the runs, so that a run that hangs or never begins can't hide it. It reads the times at which
attainment became ready from ops.attainment_run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import psycopg

from cchc.alerts.lifecycle import Alerting, AlertLifecycle, NewAlert
from cchc.alerts.model import OperatorFacts
from cchc.alerts.runbook import RunbookPage
from cchc.calendar import LOCAL, newest_complete_day
from cchc.messages import read_messages
from cchc.presentation.formats_vi import format_day
from cchc.warehouse.connection import run_file

SUBJECT = "attainment"
MESSAGES = read_messages("alert_facts")

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class LateRuns:
    """Successive data dates without attainment, up to the newest whose hour has passed.

    ``ready_at``: the time at which the last of them became ready; None: it isn't ready.
    """

    first: date
    last: date
    ready_at: datetime | None


def find_late_runs(ready: Mapping[date, datetime], now: datetime, ready_by: time) -> LateRuns | None:
    """The runs that are late at ``now``; None if the newest whose hour has passed was ready by its hour.

    ``ready``: data date → time at which its attainment was first ready; ``ready_by``: local time on the next day. Runs
    are late only after a first ready one: without any by that hour the warehouse was being set up.
    """
    last = _choose_newest_due(now, ready_by)
    before = [day for day in ready if day < last]
    is_being_set_up = all(ready[day] > _due_at(last, ready_by) for day in before)
    ready_at = ready.get(last)
    if is_being_set_up or (ready_at is not None and ready_at <= _due_at(last, ready_by)):
        return None
    return LateRuns(max(before) + _ONE_DAY, last, ready_at)


def check_late_runs(connection: psycopg.Connection, alerting: Alerting, now: datetime) -> LateRuns | None:
    """The late runs at ``now``. Opens their alert, once until a run is ready again, or ends it; commits."""
    lifecycle, ready_by = AlertLifecycle(connection, alerting, now), alerting.rules.run_ready_by
    with connection.transaction():
        late = find_late_runs(_read_ready(connection, alerting.province), now, ready_by)
        if late and not _has_alert(connection, alerting.province, late.last):
            lifecycle.open(_describe(late, ready_by))
        if late is None or late.ready_at:
            newest = _choose_newest_due(now, ready_by)
            for alert in lifecycle.read_open(["run_late"]):
                lifecycle.end(alert, "recovered", newest, newest)
    return late


def _choose_newest_due(now: datetime, ready_by: time) -> date:
    """The newest data date whose hour has passed."""
    day = newest_complete_day(now)
    return day if now > _due_at(day, ready_by) else day - _ONE_DAY


def _due_at(day: date, ready_by: time) -> datetime:
    return datetime.combine(day + _ONE_DAY, ready_by, LOCAL)


def _describe(late: LateRuns, ready_by: time) -> NewAlert:
    count = (late.last - late.first).days + 1
    if count == 1:
        subject = MESSAGES.format("run_late.subject", day=format_day(late.last))
    else:
        first, last = format_day(late.first), format_day(late.last)
        subject = MESSAGES.format("run_late.subject_of_several", count=count, first=first, last=last)
    due_at = _format_time(_due_at(late.last, ready_by))
    if late.ready_at:
        details = MESSAGES.format("run_late.ready_late", ready_at=_format_time(late.ready_at), due_at=due_at)
    else:
        details = MESSAGES.format("run_late.not_ready", due_at=due_at)
    facts = OperatorFacts(kind="run_late", subject_vi=subject, details_vi=details, runbook=RunbookPage.RUN_LATE)
    return NewAlert("run_late", SUBJECT, late.first, late.last, facts)


def _format_time(moment: datetime) -> str:
    local = moment.astimezone(LOCAL)
    return MESSAGES.format("run_late.time", clock=f"{local:%H:%M}", day=format_day(local.date()))


def _read_ready(connection: psycopg.Connection, province: str) -> dict[date, datetime]:
    rows = connection.execute(
        "select as_of_date, ready_at from ops.attainment_run where province_code = %s", [province]
    ).fetchall()
    return dict(rows)


def _has_alert(connection: psycopg.Connection, province: str, day: date) -> bool:
    """Whether an alert covers the data date, open or resolved."""
    row = run_file(connection, "alerts/late_run_alert.sql", {"province": province, "day": day}).fetchone()
    return bool(row and row[0])
