"""Staging: typed rows of one load, by COPY. Staging the same load again replaces its rows."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from cchc.sources.load import Load
from cchc.sources.profile import Profile
from cchc.sources.protocols.parsing import read_load


def stage(connection: psycopg.Connection, profile: Profile, load: Load, province: str) -> int:
    """Read the archived bytes of ``load`` into staging; returns the number of rows staged."""
    reading = read_load(profile, load, province)
    with connection.transaction():
        connection.execute("delete from staging.rule_violation where load_id = %s", [load.load_id])
        _replace(connection, load, f"{profile.staging}_response", [reading.response])
        _replace(connection, load, f"{profile.staging}_{profile.rows}", reading.rows)
    return len(reading.rows)


def is_staged(connection: psycopg.Connection, profile: Profile, load: Load) -> bool:
    """Whether the load's rows are there: unlogged tables lose them when the database crashes."""
    query = sql.SQL("select exists (select from {} where load_id = %s)").format(
        sql.Identifier("staging", f"{profile.staging}_response")
    )
    row = connection.execute(query, [load.load_id]).fetchone()
    return bool(row and row[0])


def sort_by_newest_day(connection: psycopg.Connection, loads: list[tuple[Load, Profile]]) -> list[tuple[Load, Profile]]:
    """The loads by the newest day of their staged rows, those without any first."""
    rows = connection.execute(
        "select load_id, max(day) from staging.staged_row where load_id = any(%s) and day is not null group by load_id",
        [[load.load_id for load, _ in loads]],
    ).fetchall()
    newest: dict[UUID, date] = dict(rows)
    return sorted(loads, key=lambda pair: (newest.get(pair[0].load_id, date.min), pair[0].window.name))


def _replace(connection: psycopg.Connection, load: Load, table: str, rows: list[dict[str, Any]]) -> None:
    target = sql.Identifier("staging", table)
    connection.execute(sql.SQL("delete from {} where load_id = %s").format(target), [load.load_id])
    if not rows:
        return
    columns = sql.SQL(", ").join(map(sql.Identifier, rows[0]))
    command = sql.SQL("copy {} (load_id, {}) from stdin").format(target, columns)
    with connection.cursor().copy(command) as copy:
        for row in rows:
            copy.write_row((load.load_id, *row.values()))
