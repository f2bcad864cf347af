"""The state of runs: ops.ingest_run, one row for a source and data date, ops.attainment_run, for a province and day.

The status of single loads is in ledger.
"""

from __future__ import annotations

from datetime import date, datetime

import psycopg

from cchc.calendar import DateRange
from cchc.warehouse.connection import run_file


def open_run(connection: psycopg.Connection, source: str, day: date, run_id: str) -> None:
    """Record that an ingest run begins, unless it has; commits.

    A later run for the same data date takes the row over. The reason why an earlier run halted is dropped.
    """
    with connection.transaction():
        parameters = {"source": source, "data_date": day, "run_id": run_id}
        run_file(connection, "runs/open_ingest_run.sql", parameters)


def read_halt_reason(connection: psycopg.Connection, source: str, day: date, run_id: str) -> str | None:
    """The reason why this run asks the source for nothing more; None if it may go on."""
    row = connection.execute(
        "select halted_reason from ops.ingest_run where source = %s and data_date = %s and run_id = %s",
        [source, day, run_id],
    ).fetchone()
    return row[0] if row else None


def halt_run(connection: psycopg.Connection, source: str, day: date, run_id: str, reason: str) -> None:
    """Record that this run asks the source for nothing more; commits."""
    with connection.transaction():
        connection.execute(
            "update ops.ingest_run set halted_reason = %s where source = %s and data_date = %s and run_id = %s",
            [reason, source, day, run_id],
        )


def close_run(connection: psycopg.Connection, source: str, day: date, run_id: str) -> None:
    """Record that all windows of the run have ended, published or not; commits."""
    with connection.transaction():
        connection.execute(
            "update ops.ingest_run set finished_at = clock_timestamp()"
            " where source = %s and data_date = %s and run_id = %s",
            [source, day, run_id],
        )


def record_attainment_runs(
    connection: psycopg.Connection, province: str, days: DateRange, run_id: str, now: datetime
) -> None:
    """Record that the attainment of ``days`` is computed, in the current transaction; an earlier record stays."""
    parameters = {"first_day": days.start, "last_day": days.last, "ready_at": now}
    run_file(connection, "runs/record_attainment_runs.sql", parameters | {"province": province, "run_id": run_id})


def has_begun(connection: psycopg.Connection, province: str, days: DateRange) -> bool:
    """Whether any of the days has an ingest run, of whatever source, or results."""
    parameters = {"first_day": days.start, "last_day": days.last, "province": province}
    row = run_file(connection, "runs/has_begun.sql", parameters).fetchone()
    return bool(row and row[0])


def is_open_run(connection: psycopg.Connection, source: str, day: date, run_id: str) -> bool:
    """Whether the run has called ``open_run``: one that is skipped doesn't."""
    row = connection.execute(
        "select exists (select from ops.ingest_run where source = %s and data_date = %s and run_id = %s)",
        [source, day, run_id],
    ).fetchone()
    return bool(row and row[0])


def list_unfinished_sources(connection: psycopg.Connection, sources: list[str], day: date) -> list[str]:
    """The sources without a finished ingest run for ``day``, in order of their names."""
    rows = connection.execute(
        "select source from ops.ingest_run where data_date = %s and finished_at is not null", [day]
    ).fetchall()
    return sorted(set(sources) - {source for (source,) in rows})


def list_late_entities(connection: psycopg.Connection) -> list[tuple[str, str, date | None, date | None]]:
    """Source, entity, newest day and first stale day of each entity that mart.data_freshness shows as late."""
    rows = connection.execute(
        "select source, entity, newest_day, stale_since from mart.data_freshness where is_late order by source, entity"
    ).fetchall()
    return [(source, entity, newest_day, stale_since) for source, entity, newest_day, stale_since in rows]


def list_days_after(connection: psycopg.Connection, newest: date) -> list[date]:
    """The days after ``newest`` with an ingest run, an attainment run or results, in order."""
    rows = run_file(connection, "runs/days_after.sql", {"newest": newest}).fetchall()
    return [day for (day,) in rows]
