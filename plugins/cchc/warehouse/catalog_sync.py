"""The sync of the warehouse's catalog tables with the catalog's files: indicators, tasks, agencies and their sets.

Only the rows of the catalog's province are changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from cchc.catalog import (
    Agency,
    Catalog,
    agency_rows,
    indicator_rows,
    set_member_rows,
    task_agency_rows,
    task_rows,
)
from cchc.warehouse.connection import take_lock

# Field of the catalog → its column. Both ends are exclusive: the field's name states it, the column's COMMENT too.
COLUMNS = {"valid_to_exclusive": "valid_to"}


@dataclass(frozen=True)
class SyncedTable:
    """A table with rows of the catalog.

    ``key``: the columns that name a row. ``owner_column``: the column with the province, or with an agency of it.
    """

    schema: str
    name: str
    key: tuple[str, ...]
    owner_column: str


INDICATORS = SyncedTable(
    "mart", "indicator", ("province_code", "plan_year", "indicator_code", "variant", "valid_from"), "province_code"
)
TASKS = SyncedTable("mart", "task", ("province_code", "plan_year", "task_code"), "province_code")
TASK_AGENCIES = SyncedTable(
    "mart",
    "task_agency",
    ("province_code", "plan_year", "task_code", "agency_code", "valid_from"),
    "province_code",
)
AGENCIES = SyncedTable("core", "agency_catalog", ("agency_code", "valid_from"), "agency_code")
SET_MEMBERS = SyncedTable("core", "agency_set_member", ("set_code", "agency_code", "valid_from"), "agency_code")


def sync_catalog(connection: psycopg.Connection, catalog: Catalog) -> None:
    """Bring the five tables up to date with the catalog; commits.

    Unregistered agencies join the sets whose list isn't complete.
    """
    with connection.transaction():
        take_lock(connection, "catalog")
        _sync(connection, INDICATORS, catalog.province, indicator_rows(catalog))
        _sync(connection, AGENCIES, catalog.province, agency_rows(catalog))
        unregistered = [known for known in _read_unregistered(connection) if known.province_code == catalog.province]
        _sync(connection, SET_MEMBERS, catalog.province, set_member_rows(catalog, unregistered))
        _sync(connection, TASKS, catalog.province, task_rows(catalog))
        _sync(connection, TASK_AGENCIES, catalog.province, task_agency_rows(catalog, unregistered))


def _read_unregistered(connection: psycopg.Connection) -> list[Agency]:
    rows = connection.execute(
        "select agency_code, name_vi, level, parent_code, valid_from from core.agency"
        r" where not is_in_catalog and level is not null and agency_code ~ '^[A-Z]\d\d(\.[A-Z0-9]+)*$'"
    ).fetchall()
    return [
        Agency(code=code, name_vi=name, level=level, parent_code=parent, valid_from=valid_from, is_synthetic_code=False)
        for code, name, level, parent, valid_from in rows
    ]


def _sync(connection: psycopg.Connection, table: SyncedTable, province: str, rows: Iterable[dict[str, Any]]) -> None:
    """Delete the province's rows that ``rows`` lacks, insert the new ones, update the changed ones and no other."""
    target = sql.Identifier(table.schema, table.name)
    columns = _read_columns(connection, table)
    parts = {
        "target": target,
        "columns": sql.SQL(", ").join(map(sql.Identifier, columns)),
        "same_key": sql.SQL(" and ").join(
            sql.SQL("{0} = {1}").format(sql.Identifier("t", name), sql.Identifier("n", name)) for name in table.key
        ),
        "owner": sql.Identifier("t", table.owner_column),
    }
    connection.execute(sql.SQL("create temporary table wanted (like {target}) on commit drop").format(**parts))
    with connection.cursor().copy(sql.SQL("copy wanted ({columns}) from stdin").format(**parts)) as copy:
        for row in rows:
            named = {COLUMNS.get(name, name): value for name, value in row.items()}
            copy.write_row([named.get(name) for name in columns])
    connection.execute(
        sql.SQL(
            "delete from {target} as t where core.province_of({owner}) = %(province)s"
            " and not exists (select from wanted as n where {same_key})"
        ).format(**parts),
        {"province": province},
    )
    connection.execute("select ops.merge_rows(%s::regclass, 'wanted')", [f"{table.schema}.{table.name}"])
    connection.execute("drop table wanted")


def _read_columns(connection: psycopg.Connection, table: SyncedTable) -> list[str]:
    rows = connection.execute(
        "select column_name from information_schema.columns where table_schema = %s and table_name = %s"
        " order by ordinal_position",
        [table.schema, table.name],
    ).fetchall()
    return [name for (name,) in rows]
