"""How far the ingest of a source and day has come: ops.ingest_run."""

from __future__ import annotations

from datetime import date, datetime

import psycopg

from cchc.calendar import DateRange


def open_run(connection: psycopg.Connection, source: str, day: date, run_id: str) -> None:
    """A run begins; whatever halted an earlier one is for people to have looked at. Commits."""
    with connection.transaction():
        connection.execute(
            "insert into ops.ingest_run (source, data_date, run_id) values (%s, %s, %s)"
            " on conflict (source, data_date) do update set run_id = excluded.run_id, started_at = clock_timestamp(),"
            " finished_at = null, halted_reason = null where ops.ingest_run.run_id <> excluded.run_id",
            [source, day, run_id],
        )


def read_halt_reason(connection: psycopg.Connection, source: str, day: date, run_id: str) -> str | None:
    """Why nothing more may be asked of the source in this run; None if it may."""
    row = connection.execute(
        "select halted_reason from ops.ingest_run where source = %s and data_date = %s and run_id = %s",
        [source, day, run_id],
    ).fetchone()
    return row[0] if row else None


def halt_run(connection: psycopg.Connection, source: str, day: date, run_id: str, reason: str) -> None:
    """Ask nothing more in this run. Commits."""
    with connection.transaction():
        connection.execute(
            "update ops.ingest_run set halted_reason = %s where source = %s and data_date = %s and run_id = %s",
            [reason, source, day, run_id],
        )


def close_run(connection: psycopg.Connection, source: str, day: date, run_id: str) -> None:
    """All windows of the run have ended, well or not. Commits."""
    with connection.transaction():
        connection.execute(
            "update ops.ingest_run set finished_at = clock_timestamp()"
            " where source = %s and data_date = %s and run_id = %s",
            [source, day, run_id],
        )


def record_attainment_runs(
    connection: psycopg.Connection, province: str, days: DateRange, run_id: str, now: datetime
) -> None:
    """Note that the nights of ``days`` are attained; what was noted first stays."""
    connection.execute(
        "insert into ops.attainment_run (province_code, as_of_date, run_id, ready_at)"
        " select %s, d::date, %s, %s from generate_series(%s::timestamp, %s::timestamp, interval '1 day') as d"
        " on conflict (province_code, as_of_date) do nothing",
        [province, run_id, now, days.start, days.last],
    )


def has_begun(connection: psycopg.Connection, province: str, days: DateRange) -> bool:
    """Whether any of the days was ingested, by a run of whatever source, or is computed already."""
    row = connection.execute(
        "select exists (select from ops.ingest_run where data_date between %(first)s and %(last)s)"
        " or exists (select from mart.indicator_attainment"
        " where as_of_date between %(first)s and %(last)s and agency_code = %(province)s)",
        {"first": days.start, "last": days.last, "province": province},
    ).fetchone()
    return bool(row and row[0])


def is_open_run(connection: psycopg.Connection, source: str, day: date, run_id: str) -> bool:
    """Whether the run has opened the night: one that is skipped doesn't."""
    row = connection.execute(
        "select exists (select from ops.ingest_run where source = %s and data_date = %s and run_id = %s)",
        [source, day, run_id],
    ).fetchone()
    return bool(row and row[0])


def list_unfinished_sources(connection: psycopg.Connection, sources: list[str], day: date) -> list[str]:
    """Which of the sources haven't ended their ingest of ``day``."""
    rows = connection.execute(
        "select source from ops.ingest_run where data_date = %s and finished_at is not null", [day]
    ).fetchall()
    return sorted(set(sources) - {source for (source,) in rows})


def list_late_entities(connection: psycopg.Connection) -> list[tuple[str, str, date | None, date | None]]:
    """Source, entity, newest day and first stale day of what is late in the newest night."""
    rows = connection.execute(
        "select source, entity, newest_day, stale_since from mart.data_freshness where is_late order by source, entity"
    ).fetchall()
    return [(source, entity, newest_day, stale_since) for source, entity, newest_day, stale_since in rows]


def list_days_after(connection: psycopg.Connection, newest: date) -> list[date]:
    """The days after ``newest``, the newest that is over, that runs have left something of."""
    rows = connection.execute(
        "select data_date from ops.ingest_run where data_date > %(newest)s"
        " union select as_of_date from ops.attainment_run where as_of_date > %(newest)s"
        " union select as_of_date from mart.indicator_attainment where as_of_date > %(newest)s order by 1",
        {"newest": newest},
    ).fetchall()
    return [day for (day,) in rows]
