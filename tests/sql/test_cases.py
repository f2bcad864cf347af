"""The SQL of measures, attainment and views: each folder of cases/ holds one ruling with its expected rows.

``given/<table>.csv``: rows put in before, with the columns that matter (defaults.yaml has the others; an empty field
is NULL). ``params.yaml``: the ruling in words, the steps to run and what their SQL takes. ``expected/<table>.csv``: all
rows that the table or view then holds, in the columns compared.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import psycopg
import pytest
import yaml
from psycopg import sql

from cchc.indicators.attainment import ATTAINMENT, TASK_STATUS
from cchc.local.embedded import Database
from cchc.warehouse.connection import run_file
from tests.conftest import COPY_DATABASE, TEMPLATE, run_as_superuser

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("cases/*/params.yaml"))
DEFAULTS: dict[str, dict[str, str]] = yaml.safe_load((HERE / "defaults.yaml").read_text(encoding="utf-8"))
PARAMETERS = {
    "run": ["measures", "attainment"],
    "province": "H58",
    "source": "national_portal",
    "run_id": "this run",
    "measures": "portal_statistic",
    "allowed_delay_days": 0,
    "derived": {},
}
# {name} is a parameter of the case.
STEPS = {
    "measures": ("measures/{measures}.sql", "measures/merge.sql"),
    "attainment": ATTAINMENT,
    "task_status": (TASK_STATUS,),
}

DIFFERENCES = """
with wanted_row as (select {columns} from wanted),
found_row as (select {columns} from {table})
select 'missing', m::text from (table wanted_row except all table found_row) as m
union all
select 'too many', m::text from (table found_row except all table wanted_row) as m
order by 2, 1
"""


@pytest.fixture(scope="module")
def connection(cluster: Database) -> Iterator[psycopg.Connection]:
    """A migrated warehouse, as the loader sees it; what a case does in it is undone."""
    run_as_superuser(cluster, COPY_DATABASE, "cases", TEMPLATE, "cchc_owner")
    with psycopg.connect(cluster.url("cchc_loader", "cases")) as opened:
        yield opened
    run_as_superuser(cluster, "DROP DATABASE {} WITH (FORCE)", "cases")


@pytest.mark.parametrize("cluster", [18, pytest.param(16, marks=pytest.mark.nightly)], indirect=True)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_tables_hold_the_rows_of_the_ruling(connection: psycopg.Connection, case: Path) -> None:
    parameters = PARAMETERS | yaml.safe_load((case / "params.yaml").read_text(encoding="utf-8"))
    given = {path.stem: path for path in sorted(case.glob("given/*.csv"))}
    expected = {path.stem: path for path in sorted(case.glob("expected/*.csv"))}
    assert expected, "a case that expects nothing proves nothing"
    with connection.transaction(force_rollback=True):
        for table in sorted(given, key=lambda table: table != "ops.load"):
            fill_table(connection, table, read_rows(given[table]), parameters)
        for step in parameters["run"]:
            for file in STEPS[step]:
                run_file(connection, file.format(**parameters), to_bound(parameters))
        differences = "\n".join(compare(connection, table, read_rows(path)) for table, path in expected.items())
    assert not differences.strip(), f"{parameters['ruling']}\n{differences}"


def test_there_are_cases() -> None:
    assert len(CASES) > 80


def read_rows(path: Path) -> list[dict[str, str | None]]:
    """Rows by column; an empty field is None."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [{column: value or None for column, value in row.items()} for row in csv.DictReader(file, strict=True)]
    assert rows, f"{path} has no rows"
    return [row | {"load_id": to_load_id(row["load_id"])} if row.get("load_id") else row for row in rows]


def to_load_id(name: str | None) -> str:
    """The id of the load that a case calls ``name``."""
    return str(uuid5(NAMESPACE_OID, str(name)))


def to_bound(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters as the pipeline binds them."""
    return parameters | {"derived": json.dumps(parameters["derived"])}


def fill_table(
    connection: psycopg.Connection, table: str, rows: list[dict[str, str | None]], parameters: dict[str, Any]
) -> None:
    """Put rows into a table, completed by the defaults; loads that they name are made."""
    completed = [complete(table, row, parameters) for row in rows]
    if table != "ops.load" and "load_id" in completed[0]:
        make_loads(connection, {str(row["load_id"]) for row in completed}, parameters)
    columns = list(completed[0])
    copy_rows(connection, sql.Identifier(*table.split(".")), columns, completed)


def complete(table: str, row: dict[str, str | None], parameters: dict[str, Any]) -> dict[str, str | None]:
    """The row with the defaults of the columns that it leaves out."""
    completed: dict[str, str | None] = dict(row)
    for column, default in DEFAULTS[table].items():
        if column not in row:
            value = default.format(**parameters | completed)
            completed[column] = to_load_id(value) if column == "load_id" else value
    return completed


def make_loads(connection: psycopg.Connection, load_ids: set[str], parameters: dict[str, Any]) -> None:
    """The ledger rows of loads that the case doesn't describe itself."""
    known = {str(load_id) for (load_id,) in connection.execute("select load_id from ops.load").fetchall()}
    if missing := sorted(load_ids - known):
        fill_table(connection, "ops.load", [{"load_id": load_id} for load_id in missing], parameters)


def copy_rows(
    connection: psycopg.Connection, table: sql.Identifier, columns: list[str], rows: list[dict[str, str | None]]
) -> None:
    """COPY text values into a table."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with connection.cursor().copy(sql.SQL("copy {} ({}) from stdin").format(table, names)) as copy:
        for row in rows:
            copy.write_row([row[column] for column in columns])


def compare(connection: psycopg.Connection, table: str, expected: list[dict[str, str | None]]) -> str:
    """A line for each row that is missing and each that is too many; values are compared in the table's own types."""
    columns = list(expected[0])
    parts = {
        "table": sql.Identifier(*table.split(".")),
        "columns": sql.SQL(", ").join(map(sql.Identifier, columns)),
    }
    connection.execute(sql.SQL("create temporary table wanted as table {table} with no data").format(**parts))
    copy_rows(connection, sql.Identifier("wanted"), columns, expected)
    rows = connection.execute(sql.SQL(DIFFERENCES).format(**parts)).fetchall()
    connection.execute("drop table wanted")
    return "\n".join(f"{table}: {trouble} {row}" for trouble, row in rows)
