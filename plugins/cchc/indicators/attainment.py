"""Measures and attainment of any range of days, computed in the database.

The rules are the SQL files of include/sql/measures/ and include/sql/attainment/; this module decides which days are
computed, in which order, in one transaction.
"""

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

# In this order; each file's first lines name the tables that it takes and leaves.
ATTAINMENT = (
    "attainment/1_indicators_in_force.sql",
    "attainment/2_metric_values.sql",
    "attainment/3_results.sql",
    "attainment/4_pace.sql",
    "attainment/5_status.sql",
    "attainment/6_merge.sql",
)
TASK_STATUS = "attainment/task_status.sql"


def compute_attainment(
    connection: psycopg.Connection, profiles: list[Profile], province: str, days: DateRange | None, run_id: str
) -> list[DateRange]:
    """Bring measures, results and statuses of tasks up to date, and return the days computed; commits.

    ``days`` None: only the dirty dates, on days that were computed before. A kill before the end leaves everything as
    it was, the dirty dates included.
    """
    with connection.transaction():
        take_lock(connection, "attain")
        # Whole days are joined at once, often before the new tables have statistics: a nested loop then takes minutes.
        connection.execute("set local enable_nestloop = off")
        # Dirty dates of a source without a valid profile wait: its profile may be corrected tomorrow.
        dirty = connection.execute(
            "select dirty_date_id, source, data_date from ops.dirty_date where source = any(%s)",
            [[profile.source for profile in profiles]],
        ).fetchall()
        for profile in profiles:
            own = [day for _, source, day in dirty if source == profile.source]
            for chosen in _choose_measured(days, own):
                _compute_measures(connection, profile, province, chosen)
        ranges = _choose_computed(connection, province, days, [day for _, _, day in dirty])
        for chosen in ranges:
            for month in _split_by_month(chosen):
                _compute_results(connection, province, month, run_id)
            log.info("attainment computed for %s to %s", chosen.start, chosen.last)
        connection.execute(
            "delete from ops.dirty_date where dirty_date_id = any(%s)",
            [[dirty_date_id for dirty_date_id, _, _ in dirty]],
        )
    return ranges


def _choose_measured(days: DateRange | None, dirty: list[date]) -> list[DateRange]:
    """``days``, and all days from the first dirty date on: a day is compared with the one before it."""
    ranges = [DateRange(min(dirty))] if dirty else []
    return merge_ranges([*ranges, days] if days else ranges)


def _choose_computed(
    connection: psycopg.Connection, province: str, days: DateRange | None, dirty: list[date]
) -> list[DateRange]:
    """``days``, and the computed days from the first dirty date on.

    Later years are among them: an agency that is first seen on a day has results on all later days.
    """
    ranges = [days] if days else []
    for day in [min(dirty)] if dirty else []:
        rows = connection.execute(
            "select distinct as_of_date from mart.indicator_attainment where agency_code = %s and as_of_date >= %s",
            [province, day],
        ).fetchall()
        ranges += [DateRange.inclusive(as_of, as_of) for (as_of,) in rows]
    return merge_ranges(ranges)


def _split_by_month(days: DateRange) -> Iterator[DateRange]:
    """``days`` by calendar month: pace reads the stored results of closed years, and a year closes with a month."""
    first = days.start
    while first <= days.last:
        month_end = first.replace(day=monthrange(first.year, first.month)[1])
        yield DateRange.inclusive(first, min(month_end, days.last))
        first = month_end + timedelta(days=1)


def _compute_measures(connection: psycopg.Connection, profile: Profile, province: str, days: DateRange) -> None:
    derived = {name: metric.model_dump(by_alias=True) for name, metric in profile.derived.items()}
    parameters = {
        "source": profile.source,
        "province": province,
        "first_day": days.start,
        "last_day": days.last,
        "allowed_delay_days": profile.allowed_delay_days,
        "derived": json.dumps(derived),
    }
    run_file(connection, profile.measures_file, parameters)
    run_file(connection, "measures/merge.sql", parameters)


def _compute_results(connection: psycopg.Connection, province: str, days: DateRange, run_id: str) -> None:
    parameters = {"province": province, "first_day": days.start, "last_day": days.last, "run_id": run_id}
    for file in (*ATTAINMENT, TASK_STATUS):
        run_file(connection, file, parameters)
