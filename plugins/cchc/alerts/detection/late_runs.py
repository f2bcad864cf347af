"""Nights that aren't ready by their hour. It is looked for from beside them, so that nothing that hangs or is off can
hide it: what is ready says when, in ops.attainment_run; what isn't says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import psycopg

from cchc.alerts.ledger import Alerting, Ledger, NewAlert
from cchc.alerts.model import OperatorFacts
from cchc.calendar import LOCAL, newest_complete_day
from cchc.presentation.formats_vi import format_day

SUBJECT = "night"
# Heading of the page in docs/runbook.md.
LATE_NIGHT = "The night is late"

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class LateNights:
    """Successive nights without attainment, up to the newest whose hour has passed.

    ``ready_at``: when that one was there after all; None: it isn't.
    """

    first: date
    last: date
    ready_at: datetime | None


def find_late_nights(ready: Mapping[date, datetime], now: datetime, ready_by: time) -> LateNights | None:
    """The nights that are late at ``now``; None if the newest whose hour has passed was ready by it.

    ``ready``: night → when its attainment was first there; ``ready_by``: local time of the morning after. Nights are
    missed only after one that is there: a warehouse that had none by that hour was being set up.
    """
    last = _choose_newest_due(now, ready_by)
    before = [night for night in ready if night < last]
    is_being_set_up = all(ready[night] > _due_at(last, ready_by) for night in before)
    ready_at = ready.get(last)
    if is_being_set_up or (ready_at is not None and ready_at <= _due_at(last, ready_by)):
        return None
    return LateNights(max(before) + _ONE_DAY, last, ready_at)


def check_nights(connection: psycopg.Connection, alerting: Alerting, now: datetime) -> LateNights | None:
    """Tell operators of the nights that are late, once until one is ready again; commits. Returns them."""
    ledger, ready_by = Ledger(connection, alerting, now), alerting.rules.night_ready_by
    with connection.transaction():
        late = find_late_nights(_read_ready(connection, alerting.province), now, ready_by)
        if late and not _was_told(connection, alerting.province, late.last):
            ledger.open(_announce(late, ready_by))
        if late is None or late.ready_at:
            newest = _choose_newest_due(now, ready_by)
            for alert in ledger.read_open(["night_late"]):
                ledger.end(alert, "recovered", newest, newest)
    return late


def _choose_newest_due(now: datetime, ready_by: time) -> date:
    """The newest night whose hour has passed."""
    night = newest_complete_day(now)
    return night if now > _due_at(night, ready_by) else night - _ONE_DAY


def _due_at(night: date, ready_by: time) -> datetime:
    return datetime.combine(night + _ONE_DAY, ready_by, LOCAL)


def _announce(late: LateNights, ready_by: time) -> NewAlert:
    nights = (late.last - late.first).days + 1
    span = f"từ {format_day(late.first)} đến {format_day(late.last)}"
    subject = f"Đêm {format_day(late.last)}" if nights == 1 else f"{nights} đêm, {span}"
    hour = f"{ready_by:%H:%M} ngày {format_day(late.last + _ONE_DAY)}"
    told = (
        f"đến {late.ready_at.astimezone(LOCAL):%H:%M ngày %d/%m/%Y} mới có kết quả, hạn là {hour}"
        if late.ready_at
        else f"đến {hour} vẫn chưa có kết quả"
    )
    facts = OperatorFacts(kind="night_late", subject_vi=subject, told=told, runbook=LATE_NIGHT)
    return NewAlert("night_late", SUBJECT, late.first, late.last, facts)


def _read_ready(connection: psycopg.Connection, province: str) -> dict[date, datetime]:
    rows = connection.execute(
        "select as_of_date, ready_at from ops.attainment_run where province_code = %s", [province]
    ).fetchall()
    return dict(rows)


def _was_told(connection: psycopg.Connection, province: str, night: date) -> bool:
    """Whether an alert was about this night, also if it was over before or another began it by now."""
    row = connection.execute(
        "select exists (select from ops.alert where kind = 'night_late' and province_code = %s and began_on <= %s"
        " and coalesce(resolved_on, 'infinity') >= %s)",
        [province, night, night],
    ).fetchone()
    return bool(row and row[0])
