"""Measure, then attain: the days asked for and those that a late publish touched, in one transaction."""

from __future__ import annotations

import json
import logging
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

import psycopg

from cchc.calendar import DateRange, merge_ranges
from cchc.sources.profile import Profile
from cchc.warehouse.connection import run_file, take_lock

log = logging.getLogger(__name__)

# In this order; each file's first lines name the temporary tables that it takes and leaves.
ATTAINMENT = (
    "attainment/1_indicators_in_force.sql",
    "attainment/2_metric_values.sql",
    "attainment/3_results.sql",
    "attainment/4_pace.sql",
    "attainment/5_status.sql",
    "attainment/6_merge.sql",
)
TASK_STATUS = "attainment/task_status.sql"


def attain(
    connection: psycopg.Connection, profiles: list[Profile], province: str, days: DateRange | None, run_id: str
) -> list[DateRange]:
    """Bring measures and attainment up to date; commits. Returns the ranges of days computed.

    ``days`` None: only what publishes have touched since the last attainment, on days that have been attained before.
    A kill before the end leaves everything as it was, the touched days included.
    """
    with connection.transaction():
        take_lock(connection, "attain")
        # Whole days are joined at once, often before the new tables have statistics: a nested loop then takes minutes.
        connection.execute("set local enable_nestloop = off")
        # Days of a source that isn't among the profiles wait: its profile is refused today, and may be mended tomorrow.
        touched = connection.execute(
            "select dirty_date_id, source, data_date from ops.dirty_date where source = any(%s)",
            [[profile.source for profile in profiles]],
        ).fetchall()
        for profile in profiles:
            own = [day for _, source, day in touched if source == profile.source]
            for measured in _choose_measured(days, own):
                _measure(connection, profile, province, measured)
        ranges = _choose_attained(connection, province, days, [day for _, _, day in touched])
        for chosen in ranges:
            for month in _split_by_month(chosen):
                _attain_range(connection, province, month, run_id)
            log.info("attained %s to %s", chosen.start, chosen.last)
        connection.execute(
            "delete from ops.dirty_date where dirty_date_id = any(%s)",
            [[dirty_date_id for dirty_date_id, _, _ in touched]],
        )
    return ranges


def _choose_measured(days: DateRange | None, touched: list[date]) -> list[DateRange]:
    """A day is compared with the one before it and borrows codes from it: what is touched reaches all that follow."""
    ranges = [DateRange(min(touched))] if touched else []
    return merge_ranges([*ranges, days] if days else ranges)


def _choose_attained(
    connection: psycopg.Connection, province: str, days: DateRange | None, touched: list[date]
) -> list[DateRange]:
    """Figures end with their year, but an agency first seen on a day is on the map of all that follow."""
    ranges = [days] if days else []
    for day in [min(touched)] if touched else []:
        rows = connection.execute(
            "select distinct as_of_date from mart.indicator_attainment where agency_code = %s and as_of_date >= %s",
            [province, day],
        ).fetchall()
        ranges += [DateRange.inclusive(as_of, as_of) for (as_of,) in rows]
    return merge_ranges(ranges)


def _split_by_month(days: DateRange) -> Iterator[DateRange]:
    """Pace looks back on years that are stored, and a year closes with a month: what comes after it finds it there."""
    first = days.start
    while first <= days.last:
        month_end = first.replace(day=monthrange(first.year, first.month)[1])
        yield DateRange.inclusive(first, min(month_end, days.last))
        first = month_end + timedelta(days=1)


def _measure(connection: psycopg.Connection, profile: Profile, province: str, days: DateRange) -> None:
    parameters = {
        "source": profile.source,
        "province": province,
        "first_day": days.start,
        "last_day": days.last,
        "allowed_delay_days": profile.allowed_delay_days,
        "derived": json.dumps({name: reading.model_dump(by_alias=True) for name, reading in profile.derived.items()}),
    }
    run_file(connection, f"measures/{profile.measures}.sql", parameters)
    run_file(connection, "measures/merge.sql", parameters)


def _attain_range(connection: psycopg.Connection, province: str, days: DateRange, run_id: str) -> None:
    parameters = {"province": province, "first_day": days.start, "last_day": days.last, "run_id": run_id}
    for file in (*ATTAINMENT, TASK_STATUS):
        run_file(connection, file, parameters)
