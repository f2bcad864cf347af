"""ops.merge_rows(): one MERGE for every table, written from the catalog of columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import psycopg
import pytest

from tests.conftest import Warehouse

TABLES = """
create table mart.target (
    day date not null, code text not null, value numeric, note text, run_id text not null,
    province_code text not null generated always as (core.province_of(code)) stored,
    primary key (code, day)
);
insert into mart.target (day, code, value, note, run_id) values
('2024-06-29', 'H58.01', 1, null, 'before'),
('2024-06-30', 'H58.01', 1, null, 'before'),
('2024-06-30', 'H58.02', null, 'a', 'before');
grant select, insert, update on mart.target to cchc_loader;
"""
ROWS = "select day, code, value, note, run_id from mart.target order by day, code"


@pytest.fixture
def loader(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse.url("cchc_owner")) as owner:
        owner.execute(TABLES)
    with psycopg.connect(warehouse.url()) as connection:
        connection.execute("create temporary table staged (code text, day date, value numeric, note text, run_id text)")
        yield connection


def merge(loader: psycopg.Connection, *rows: tuple[object, ...]) -> int:
    """Stage rows of 30 June and merge them; returns the number of rows written."""
    for row in rows:
        loader.execute("insert into staged values (%s, '2024-06-30', %s, %s, 'after')", row)
    written = loader.execute("select ops.merge_rows('mart.target', 'staged', '{run_id}')").fetchone()
    assert written is not None
    return int(written[0])


def test_new_and_changed_rows_are_written_and_equal_ones_keep_their_run(loader: psycopg.Connection) -> None:
    assert merge(loader, ("H58.01", 1, None), ("H58.02", 2, "a"), ("H58.03", 3, None)) == 2
    assert loader.execute(ROWS).fetchall() == [
        (date(2024, 6, 29), "H58.01", 1, None, "before"),
        (date(2024, 6, 30), "H58.01", 1, None, "before"),
        (date(2024, 6, 30), "H58.02", 2, "a", "after"),
        (date(2024, 6, 30), "H58.03", 3, None, "after"),
    ]


def test_null_differs_from_a_value_and_equals_null(loader: psycopg.Connection) -> None:
    assert merge(loader, ("H58.01", None, None), ("H58.02", None, "a")) == 1
    assert loader.execute(ROWS).fetchall()[1:] == [
        (date(2024, 6, 30), "H58.01", None, None, "after"),
        (date(2024, 6, 30), "H58.02", None, "a", "before"),
    ]


def test_columns_that_staged_lacks_keep_their_value(loader: psycopg.Connection) -> None:
    loader.execute("alter table staged drop column note")
    loader.execute("insert into staged values ('H58.02', '2024-06-30', 5, 'after')")
    loader.execute("select ops.merge_rows('mart.target', 'staged', '{run_id}')")
    assert loader.execute(ROWS).fetchall()[2] == (date(2024, 6, 30), "H58.02", 5, "a", "after")


def test_nothing_staged_writes_nothing(loader: psycopg.Connection) -> None:
    before = loader.execute(ROWS).fetchall()
    assert merge(loader) == 0
    assert loader.execute(ROWS).fetchall() == before
