"""The catalog in the warehouse: the plan, its tasks, the agencies and their sets mirror the files."""

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

# Names that differ: the catalog says in the name that the end is exclusive, the tables in the comment.
RENAMED = {"valid_to_exclusive": "valid_to"}


@dataclass(frozen=True)
class Mirror:
    """A table that mirrors rows of the catalog: its key, and the column that tells the province's rows from others'."""

    schema: str
    table: str
    key: tuple[str, ...]
    owner_column: str


INDICATORS = Mirror(
    "mart", "indicator", ("province_code", "plan_year", "indicator_code", "variant", "valid_from"), "province_code"
)
TASKS = Mirror("mart", "task", ("province_code", "plan_year", "task_code"), "province_code")
TASK_AGENCIES = Mirror(
    "mart",
    "task_agency",
    ("province_code", "plan_year", "task_code", "agency_code", "valid_from"),
    "province_code",
)
AGENCIES = Mirror("core", "agency_catalog", ("agency_code", "valid_from"), "agency_code")
SET_MEMBERS = Mirror("core", "agency_set_member", ("set_code", "agency_code", "valid_from"), "agency_code")


def sync_catalog(connection: psycopg.Connection, catalog: Catalog) -> None:
    """Bring the five tables to what the catalog says; commits.

    Unregistered agencies join the sets whose list isn't complete.
    """
    with connection.transaction():
        take_lock(connection, "catalog")
        _mirror(connection, INDICATORS, catalog.province, indicator_rows(catalog))
        _mirror(connection, AGENCIES, catalog.province, agency_rows(catalog))
        unregistered = [known for known in _read_unregistered(connection) if known.province_code == catalog.province]
        _mirror(connection, SET_MEMBERS, catalog.province, set_member_rows(catalog, unregistered))
        _mirror(connection, TASKS, catalog.province, task_rows(catalog))
        _mirror(connection, TASK_AGENCIES, catalog.province, task_agency_rows(catalog, unregistered))


def _read_unregistered(connection: psycopg.Connection) -> list[Agency]:
    rows = connection.execute(
        "select agency_code, name_vi, level, parent_code, valid_from from core.agency"
        r" where not is_in_catalog and level is not null and agency_code ~ '^[A-Z]\d\d(\.[A-Z0-9]+)*$'"
    ).fetchall()
    return [
        Agency(code=code, name_vi=name, level=level, parent_code=parent, valid_from=valid_from, is_synthetic_code=False)
        for code, name, level, parent, valid_from in rows
    ]


def _mirror(connection: psycopg.Connection, mirror: Mirror, province: str, rows: Iterable[dict[str, Any]]) -> None:
    target = sql.Identifier(mirror.schema, mirror.table)
    columns = _read_columns(connection, mirror)
    parts = {
        "target": target,
        "columns": sql.SQL(", ").join(map(sql.Identifier, columns)),
        "values": sql.SQL(", ").join(sql.Identifier("n", name) for name in columns),
        "assigned": sql.SQL(", ").join(
            sql.SQL("{0} = {1}").format(sql.Identifier(name), sql.Identifier("n", name)) for name in columns
        ),
        "same_key": sql.SQL(" and ").join(
            sql.SQL("{0} = {1}").format(sql.Identifier("t", name), sql.Identifier("n", name)) for name in mirror.key
        ),
        "owner": sql.Identifier("t", mirror.owner_column),
    }
    connection.execute(sql.SQL("create temporary table wanted (like {target}) on commit drop").format(**parts))
    with connection.cursor().copy(sql.SQL("copy wanted ({columns}) from stdin").format(**parts)) as copy:
        for row in rows:
            named = {RENAMED.get(name, name): value for name, value in row.items()}
            copy.write_row([named.get(name) for name in columns])
    connection.execute(
        sql.SQL(
            "delete from {target} as t where ({owner} = %(province)s or {owner} like %(province)s || '.%%')"
            " and not exists (select from wanted as n where {same_key})"
        ).format(**parts),
        {"province": province},
    )
    connection.execute(
        sql.SQL(
            "merge into {target} as t using wanted as n on {same_key}"
            " when matched and row(t.*) is distinct from row(n.*) then update set {assigned}"
            " when not matched then insert ({columns}) values ({values})"
        ).format(**parts)
    )
    connection.execute("drop table wanted")


def _read_columns(connection: psycopg.Connection, mirror: Mirror) -> list[str]:
    rows = connection.execute(
        "select column_name from information_schema.columns where table_schema = %s and table_name = %s"
        " order by ordinal_position",
        [mirror.schema, mirror.table],
    ).fetchall()
    return [name for (name,) in rows]
