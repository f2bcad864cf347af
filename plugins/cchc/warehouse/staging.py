"""Staging: the typed rows of loads under way, from the archived bytes by COPY until publish clears them.

quality.audit writes staging.rule_violation. The views that unite all staging tables are in include/sql/views/.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from cchc.sources.load import Load
from cchc.sources.profile import Profile
from cchc.sources.protocols.parsing import parse_load


def stage(connection: psycopg.Connection, profile: Profile, load: Load, province: str) -> int:
    """Stage the archived bytes of ``load``, in place of what was staged of it; returns the number of rows. Commits.

    The load's rule violations go: they were about the rows before. Raises ArchiveError where the archived bytes are
    lost or changed.
    """
    parsed = parse_load(profile, load, province)
    with connection.transaction():
        clear_staging(connection, profile, load)
        _copy(connection, load, profile.response_table, [parsed.response])
        _copy(connection, load, profile.row_table, parsed.rows)
    return len(parsed.rows)


def is_staged(connection: psycopg.Connection, profile: Profile, load: Load) -> bool:
    """Whether the load's rows are staged: unlogged tables lose them when the database crashes."""
    query = sql.SQL("select exists (select from {} where load_id = %s)").format(
        sql.Identifier("staging", profile.response_table)
    )
    row = connection.execute(query, [load.load_id]).fetchone()
    return bool(row and row[0])


def is_audited(connection: psycopg.Connection, load: Load) -> bool:
    """Whether the load's audit is there, with its rule violations: a crash of the database empties their table."""
    row = connection.execute(
        "select exists (select from staging.rule_violation where load_id = %s and row_no = 0 and rule_id = 'audited')",
        [load.load_id],
    ).fetchone()
    return bool(row and row[0])


def clear_staging(connection: psycopg.Connection, profile: Profile, load: Load) -> None:
    """Delete what is staged of a load, and its rule violations, in the current transaction.

    The tables are those of the profile, so that no source can be forgotten.
    """
    for table in (*profile.staging_tables, "rule_violation"):
        statement = sql.SQL("delete from {} where load_id = %s").format(sql.Identifier("staging", table))
        connection.execute(statement, [load.load_id])


def sort_by_newest_day(connection: psycopg.Connection, loads: list[tuple[Load, Profile]]) -> list[tuple[Load, Profile]]:
    """The loads by the newest day of their staged rows, those without any first."""
    rows = connection.execute(
        "select load_id, max(day) from staging.staged_row where load_id = any(%s) and day is not null group by load_id",
        [[load.load_id for load, _ in loads]],
    ).fetchall()
    newest: dict[UUID, date] = dict(rows)
    return sorted(loads, key=lambda pair: (newest.get(pair[0].load_id, date.min), pair[0].scope.name))


def _copy(connection: psycopg.Connection, load: Load, table: str, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    names = list(rows[0])
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    command = sql.SQL("copy {} (load_id, {}) from stdin").format(sql.Identifier("staging", table), columns)
    with connection.cursor().copy(command) as copy:
        for row in rows:
            copy.write_row((load.load_id, *(row[name] for name in names)))
