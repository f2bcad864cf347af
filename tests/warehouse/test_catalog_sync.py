"""sync_catalog: the warehouse's catalog tables follow the files of one province, and keep the rows of others."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import psycopg
import pytest

from cchc.calendar import DateRange
from cchc.catalog import Catalog, load_catalog
from cchc.indicators.attainment import compute_attainment
from cchc.settings import CHECKOUT
from cchc.warehouse.catalog_sync import sync_catalog
from tests.conftest import Warehouse

CATALOG = CHECKOUT / "include" / "catalog"
TABLES = ("mart.indicator", "mart.task", "mart.task_agency", "core.agency_catalog", "core.agency_set_member")

# Rows of another province, and of one whose code begins like ours.
NEIGHBOURS = """
insert into mart.indicator
select (jsonb_populate_record(i, '{"province_code": "H44"}')).* from mart.indicator as i
where indicator_code = 'II.1.a-1';
insert into mart.task
select (jsonb_populate_record(t, '{"province_code": "H44"}')).* from mart.task as t where task_code = 'PL.I.1';
insert into mart.task_agency (province_code, plan_year, task_code, agency_code, valid_from)
values ('H44', 2024, 'PL.I.1', 'H44.01', '2024-01-01');
insert into core.agency_catalog (agency_code, valid_from, name_vi, level, is_synthetic_code) values
('H44', '2024-01-01', 'Phú Thọ', 'province', false), ('H44.01', '2024-01-01', 'Văn phòng', 'department', false),
('H580', '2024-01-01', 'Tỉnh khác', 'province', false);
insert into core.agency_set_member (set_code, agency_code, valid_from) values ('xa', 'H44.100', '2024-01-01');
"""


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog(CATALOG, "H58")


def sync(warehouse: Warehouse, catalog: Catalog) -> None:
    with psycopg.connect(warehouse.url()) as connection:
        sync_catalog(connection, catalog)


def read_versions(warehouse: Warehouse) -> dict[str, dict[str, str]]:
    """Table → row as text → the transaction that wrote it."""
    return {table: dict(warehouse.query(f"select t::text, xmin::text from {table} as t")) for table in TABLES}


def test_sync_stores_all_indicators_tasks_agencies_and_sets(warehouse: Warehouse, catalog: Catalog) -> None:
    sync(warehouse, catalog)
    assert warehouse.query("select count(distinct indicator_code) from mart.indicator where variant = 'primary'") == [
        (47,)
    ]
    assert warehouse.query("select count(*) from core.agency_catalog") == [(len(catalog.agencies),)]
    assert warehouse.query("select count(*), count(due_on) from mart.task") == [(53, 11)]
    communes = "select count(*) from core.agency_set_member where set_code = 'xa' and valid_from <= %s and"
    for day, count in (("2024-04-30", 172), ("2024-05-01", 170), ("2024-11-01", 164)):
        assert warehouse.query(f"{communes} (valid_to is null or valid_to > %s)", [day, day]) == [(count,)]


def test_sync_again_changes_no_row(warehouse: Warehouse, catalog: Catalog) -> None:
    sync(warehouse, catalog)
    before = read_versions(warehouse)
    sync(warehouse, catalog)
    assert read_versions(warehouse) == before


def test_edited_target_changes_the_rows_of_its_indicator_only(
    warehouse: Warehouse, catalog: Catalog, tmp_path: Path
) -> None:
    sync(warehouse, catalog)
    before = read_versions(warehouse)
    folder = shutil.copytree(CATALOG, tmp_path / "catalog")
    plan = folder / "plan_2024.yaml"
    head, target, tail = plan.read_text(encoding="utf-8").partition("targets: [{valid_from: 2024-01-01, value: 80}]")
    assert "code: II.1.a-1\n" in head
    plan.write_text(head + target.replace("80", "12") + tail, encoding="utf-8")
    sync(warehouse, load_catalog(folder, "H58"))
    after = read_versions(warehouse)
    kept = dict(before["mart.indicator"].items() & after["mart.indicator"].items())
    assert len(before["mart.indicator"]) - len(kept) == 2  # the primary variant and the other one
    assert warehouse.query(
        "select variant, target from mart.indicator where indicator_code = 'II.1.a-1' order by variant"
    ) == [("dossier_based", 12), ("primary", 12)]
    assert {**after, "mart.indicator": None} == {**before, "mart.indicator": None}


def test_indicator_has_the_roll_up_of_its_province_value(warehouse: Warehouse, catalog: Catalog) -> None:
    sync(warehouse, catalog)
    assert warehouse.query(
        "select indicator_code, variant, roll_up, is_target_reported from mart.indicator"
        " where indicator_code in ('II.8-1', 'II.8-2', 'PL.VII.7-1') order by 1, 2"
    ) == [
        ("II.8-1", "primary", "share_of_agencies", False),
        ("II.8-2", "primary", "own", True),
        ("PL.VII.7-1", "each_agency", "agencies_attaining", False),
        ("PL.VII.7-1", "primary", "pooled", False),
    ]


def test_task_has_its_deadline_indicators_and_agencies(warehouse: Warehouse, catalog: Catalog) -> None:
    sync(warehouse, catalog)
    assert warehouse.query(
        "select ordinal, deadline_vi, starts_on::text, due_on::text, due_soon_days, indicator_codes"
        " from mart.task where task_code = 'PL.I.5'"
    ) == [(5, "Từ Quý II đến cuối năm 2024", "2024-04-01", "2024-12-31", 14, ["II.2-1", "II.2-2"])]
    communes = (
        "select count(*) from mart.task_agency where task_code = 'PL.VII.8' and agency_code ~ '^H58[.]..[.]'"
        " and valid_from <= %s and valid_to > %s"
    )
    for day, count in (("2024-04-30", 172), ("2024-05-01", 170), ("2024-11-01", 164)):
        assert warehouse.query(communes, [day, day]) == [(count,)]


def test_agency_and_task_gone_from_the_files_lose_their_rows(warehouse: Warehouse, catalog: Catalog) -> None:
    sync(warehouse, catalog)
    gone = next(agency for agency in catalog.agencies if agency.level == "commune" and agency.province_code == "H58")
    kept = tuple(agency for agency in catalog.agencies if agency.code != gone.code)
    [annex] = catalog.annexes
    fewer = annex.model_copy(update={"tasks": annex.tasks[1:]})
    sync(warehouse, catalog.model_copy(update={"agencies": kept, "annexes": (fewer,)}))
    for table in ("core.agency_catalog", "core.agency_set_member", "mart.task_agency"):
        assert warehouse.query(f"select count(*) from {table} where agency_code = %s", [gone.code]) == [(0,)]
    for table in ("mart.task", "mart.task_agency"):
        assert warehouse.query(f"select count(*) from {table} where task_code = 'PL.I.1'") == [(0,)]


def test_rows_of_another_province_stay_unchanged(warehouse: Warehouse, catalog: Catalog) -> None:
    sync(warehouse, catalog)
    with psycopg.connect(warehouse.url("cchc_owner")) as connection:
        connection.execute(NEIGHBOURS.encode())
    before = read_versions(warehouse)
    sync(warehouse, catalog)
    assert read_versions(warehouse) == before


# Each agency of the catalog's complete set reports 1 of 1.
ONE_OF_ONE_EACH = """
insert into mart.measure (
    day, period, measure_code, agency_code, figure_year, is_increment, value, data_date, fresh_until, quality_flags,
    load_id
)
select '2024-06-30', 'ytd', 'returns.II.4-1.' || part, agency_code, 2024, false, 1, '2024-06-30', '2024-12-31', '{}',
    load_id
from core.agency_catalog as a cross join unnest(array['numerator', 'denominator']) as part cross join ops.load
where a.level in ('department', 'district', 'commune') and a.agency_code like 'H58.%'
    and daterange(a.valid_from, a.valid_to) @> date '2024-06-30'
"""


def insert_unregistered(warehouse: Warehouse, code: str) -> None:
    """An agency that a response of the portal names and the catalog lacks."""
    with psycopg.connect(warehouse.url()) as connection:
        connection.execute(
            "with made as (insert into ops.load (load_id, source, entity, window_start, window_end, status, run_id,"
            " started_at) values (gen_random_uuid(), 'national_portal', 'x', '2024-01-01', '2024-01-01', 'published',"
            " 'run', now()) returning load_id) insert into core.portal_department (source, department_id, data_date,"
            " department_code, name_vi, level, is_root, load_ids) select 'national_portal', %s, '2024-06-29', %s,"
            " 'UBND xã Mới', 'commune', false, array[load_id] from made",
            [code, code],
        )


def test_unregistered_agency_stays_out_of_complete_sets(warehouse: Warehouse, catalog: Catalog) -> None:
    sync(warehouse, catalog)
    count = "select set_code, count(*) from core.agency_set_member group by set_code order by set_code"
    before = dict(warehouse.query(count))
    insert_unregistered(warehouse, "H58.99.01")
    sync(warehouse, catalog)
    after = dict(warehouse.query(count))
    assert {code for code in after if after[code] != before[code]} == {"co_quan_don_vi_dia_phuong"}
    members = "select set_code, valid_from::text from core.agency_set_member where agency_code = 'H58.99.01'"
    assert warehouse.query(members) == [("co_quan_don_vi_dia_phuong", "2024-06-29")]
    tasks = "select count(*) from mart.task_agency where task_code = 'PL.VII.8' and agency_code = 'H58.99.01'"
    assert warehouse.query(tasks) == [(0,)]


def test_unregistered_agency_leaves_a_target_of_100_percent_attainable(warehouse: Warehouse, catalog: Catalog) -> None:
    day = date(2024, 6, 30)
    insert_unregistered(warehouse, "H58.99.01")
    sync(warehouse, catalog)
    with psycopg.connect(warehouse.url()) as connection:
        connection.execute(ONE_OF_ONE_EACH.encode())
        compute_attainment(connection, [], "H58", DateRange.inclusive(day, day), "run")
    assert warehouse.query(
        "select numerator, denominator, status, coverage from mart.indicator_attainment"
        " where indicator_code = 'II.4-1' and agency_code = 'H58'"
    ) == [(200, 200, "attained", 1)]
    # It belongs to the levels of an indicator of the portal, where it has a row.
    assert warehouse.query(
        "select status from mart.indicator_attainment where indicator_code = 'II.1.b-1' and variant = 'primary'"
        " and agency_code = 'H58.99.01'"
    ) == [("no_data",)]


def test_unregistered_agency_of_another_province_stays_out_of_all_sets(warehouse: Warehouse, catalog: Catalog) -> None:
    insert_unregistered(warehouse, "H44.100")
    sync(warehouse, catalog)
    assert warehouse.query("select set_code from core.agency_set_member where agency_code like 'H44%%'") == []
