"""ops.merge_reports(): one MERGE for every table of facts whose newest report wins, written from its columns."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.conftest import Warehouse

TABLES = """
create table core.target (
    code text primary key, value numeric, flags text[] not null, reported_on date not null,
    content_sha256 text not null, load_id uuid not null
);
grant select, insert, update on core.target to cchc_loader;
"""
Report = tuple[str, int | None, list[str], str, str, int]


@pytest.fixture
def loader(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse.url("cchc_owner")) as owner:
        owner.execute(TABLES.encode())
    with psycopg.connect(warehouse.url()) as connection:
        yield connection


def merge(loader: psycopg.Connection, *reports: Report) -> int:
    """Merge reports (code, value, flags, day, hash, number of the load) as one load; returns the rows written."""
    loader.execute("create temporary table staged (like core.target, pointer text)")
    for *values, load in reports:
        loader.execute("insert into staged values (%s, %s, %s, %s, %s, %s)", [*values, UUID(int=load)])
    written = loader.execute("select ops.merge_reports('core.target', 'staged')").fetchone()
    loader.execute("drop table staged")
    assert written is not None
    return int(written[0])


def read_target(loader: psycopg.Connection) -> list[tuple[Any, ...]]:
    rows = loader.execute("select code, value, flags, reported_on::text, content_sha256, load_id from core.target")
    return [(*row[:-1], row[-1].int) for row in rows]


def test_newest_report_wins_in_any_order(loader: psycopg.Connection) -> None:
    first: Report = ("a", 1, [], "2024-06-01", "ff", 1)
    second: Report = ("a", 2, [], "2024-06-02", "aa", 2)
    greater_hash: Report = ("a", 3, [], "2024-06-02", "bb", 3)
    for order in permutations([first, second, greater_hash]):
        with loader.transaction(force_rollback=True):
            for report in order:
                merge(loader, report)
            assert read_target(loader) == [greater_hash]


def test_unchanged_newer_report_keeps_the_load_and_takes_the_day(loader: psycopg.Connection) -> None:
    merge(loader, ("a", None, ["coerced"], "2024-06-01", "ff", 1))
    assert merge(loader, ("a", None, ["coerced"], "2024-06-02", "aa", 2)) == 1
    assert read_target(loader) == [("a", None, ["coerced"], "2024-06-02", "aa", 1)]


def test_same_report_again_writes_only_what_differs(loader: psycopg.Connection) -> None:
    merge(loader, ("a", 1, [], "2024-06-01", "ff", 1), ("b", 1, [], "2024-06-01", "ff", 1))
    again: list[Report] = [("a", 1, [], "2024-06-01", "ff", 1), ("b", 1, ["coerced"], "2024-06-01", "ff", 1)]
    assert merge(loader, *again) == 1
    assert sorted(read_target(loader)) == again


def test_older_report_writes_nothing(loader: psycopg.Connection) -> None:
    merge(loader, ("a", 1, [], "2024-06-02", "ff", 1))
    assert merge(loader, ("a", 2, [], "2024-06-01", "ff", 2)) == 0
