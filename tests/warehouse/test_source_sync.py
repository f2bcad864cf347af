"""sync_sources: the rows of a source whose profile is rejected stay, those of a source without a profile go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import psycopg
import pytest

from cchc.calendar import DateRange
from cchc.indicators.attainment import compute_attainment
from cchc.settings import SOURCES
from cchc.sources.profile import read_profile
from cchc.warehouse.source_sync import sync_sources
from tests.conftest import Warehouse

EOFFICE, TREASURY = (read_profile(SOURCES / f"{source}.yaml") for source in ("eoffice", "treasury"))
DIRTY_DATE = """
with made as (
    insert into ops.load (load_id, source, entity, window_start, window_end, status, run_id, started_at)
    values (gen_random_uuid(), %(source)s, 'x', %(day)s, %(day)s, 'published', 'test', now())
    returning load_id
)
insert into ops.dirty_date (load_id, source, data_date) select load_id, %(source)s, %(day)s from made
"""


@pytest.fixture
def loader(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    """A connection as the loader; both sources are known and have a dirty date."""
    with psycopg.connect(warehouse.url(), autocommit=True) as connection:
        sync_sources(connection, [EOFFICE, TREASURY])
        for source in ("eoffice", "treasury"):
            connection.execute(DIRTY_DATE, {"source": source, "day": date(2024, 6, 30)})
        yield connection


def read_names(connection: psycopg.Connection, table: str) -> list[str]:
    rows = connection.execute(f"select distinct source from {table} order by source".encode()).fetchall()
    return [source for (source,) in rows]


def test_source_with_a_rejected_profile_is_still_expected(loader: psycopg.Connection) -> None:
    sync_sources(loader, [EOFFICE], ["treasury"])
    assert read_names(loader, "ops.source") == ["eoffice", "treasury"]
    assert read_names(loader, "ops.dirty_date") == ["eoffice", "treasury"]


def test_source_without_a_profile_is_expected_no_more(loader: psycopg.Connection) -> None:
    sync_sources(loader, [EOFFICE])
    assert read_names(loader, "ops.source") == ["eoffice"]
    assert read_names(loader, "ops.dirty_date") == ["eoffice"]


def test_dirty_dates_of_a_rejected_source_wait_until_it_is_measured(loader: psycopg.Connection) -> None:
    day = DateRange.inclusive(date(2024, 6, 30), date(2024, 6, 30))
    compute_attainment(loader, [EOFFICE], "H58", day, "test")
    assert read_names(loader, "ops.dirty_date") == ["treasury"]
    compute_attainment(loader, [EOFFICE, TREASURY], "H58", day, "test")
    assert read_names(loader, "ops.dirty_date") == []
