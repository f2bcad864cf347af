"""Staging: typed rows of one load, by COPY. Staging the same load again replaces its rows."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from cchc.sources.load import Load
from cchc.sources.portal import read_bodies
from cchc.sources.profile import Profile


def stage(connection: psycopg.Connection, profile: Profile, load: Load, province: str) -> int:
    """Read the archived bytes of ``load`` into staging; returns the number of statistics staged."""
    asked = str(load.capture.pages[0].request["rootDepartmentId"])
    reading = read_bodies(profile, load.window.endpoint, load.capture.read_bodies(), asked, province)
    with connection.transaction():
        connection.execute("delete from staging.verdict where load_id = %s", [load.load_id])
        _replace(connection, load, f"{profile.staging}_response", [reading.response])
        _replace(connection, load, f"{profile.staging}_statistic", reading.statistics)
    return len(reading.statistics)


def is_staged(connection: psycopg.Connection, profile: Profile, load: Load) -> bool:
    """Whether the load's rows are there: unlogged tables lose them when the database crashes."""
    query = sql.SQL("select exists (select from {} where load_id = %s)").format(
        sql.Identifier("staging", f"{profile.staging}_response")
    )
    row = connection.execute(query, [load.load_id]).fetchone()
    return bool(row and row[0])


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
