"""The catalog in the warehouse mirrors the files of one province and leaves the others alone."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import psycopg
import pytest

from cchc.calendar import DateRange
from cchc.catalog import Catalog, load_catalog
from cchc.indicators.attainment import attain
from cchc.settings import CHECKOUT
from cchc.warehouse.catalog_sync import sync_catalog
from tests.conftest import Warehouse

CATALOG = CHECKOUT / "include" / "catalog"
TABLES = ("mart.indicator", "mart.task", "mart.task_agency", "core.agency_catalog", "core.agency_set_member")

# Of another province, and of one whose code begins like ours.
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


def store(warehouse: Warehouse, catalog: Catalog) -> None:
    with psycopg.connect(warehouse.url()) as connection:
        sync_catalog(connection, catalog)


def read_versions(warehouse: Warehouse) -> dict[str, dict[str, str]]:
    """Table → row as text → the transaction that wrote it."""
    return {table: dict(warehouse.query(f"select t::text, xmin::text from {table} as t")) for table in TABLES}


def test_plan_map_and_sets_are_stored_whole(warehouse: Warehouse, catalog: Catalog) -> None:
    store(warehouse, catalog)
    assert warehouse.query("select count(distinct indicator_code) from mart.indicator where variant = 'primary'") == [
        (47,)
    ]
    assert warehouse.query("select count(*) from core.agency_catalog") == [(len(catalog.agencies),)]
    assert warehouse.query("select count(*), count(due_on) from mart.task") == [(53, 11)]
    communes = "select count(*) from core.agency_set_member where set_code = 'xa' and valid_from <= %s and"
    for day, count in (("2024-04-30", 172), ("2024-05-01", 170), ("2024-11-01", 164)):
        assert warehouse.query(f"{communes} (valid_to is null or valid_to > %s)", [day, day]) == [(count,)]


def test_second_time_changes_nothing(warehouse: Warehouse, catalog: Catalog) -> None:
    store(warehouse, catalog)
    before = read_versions(warehouse)
    store(warehouse, catalog)
    assert read_versions(warehouse) == before


def test_edited_target_changes_its_rows_and_no_other(warehouse: Warehouse, catalog: Catalog, tmp_path: Path) -> None:
    store(warehouse, catalog)
    before = read_versions(warehouse)
    folder = shutil.copytree(CATALOG, tmp_path / "catalog")
    plan = folder / "plan_2024.yaml"
    head, target, tail = plan.read_text(encoding="utf-8").partition("targets: [{valid_from: 2024-01-01, value: 80}]")
    assert "code: II.1.a-1\n" in head
    plan.write_text(head + target.replace("80", "12") + tail, encoding="utf-8")
    store(warehouse, load_catalog(folder, "H58"))
    after = read_versions(warehouse)
    kept = dict(before["mart.indicator"].items() & after["mart.indicator"].items())
    assert len(before["mart.indicator"]) - len(kept) == 2  # the primary reading and its variant
    assert warehouse.query(
        "select variant, target from mart.indicator where indicator_code = 'II.1.a-1' order by variant"
    ) == [("dossier_based", 12), ("primary", 12)]
    assert {**after, "mart.indicator": None} == {**before, "mart.indicator": None}


def test_indicator_says_how_its_province_figure_is_made(warehouse: Warehouse, catalog: Catalog) -> None:
    store(warehouse, catalog)
    assert warehouse.query(
        "select indicator_code, variant, roll_up, is_target_reported from mart.indicator"
        " where indicator_code in ('II.8-1', 'II.8-2', 'PL.VII.7-1') order by 1, 2"
    ) == [
        ("II.8-1", "primary", "share_of_agencies", False),
        ("II.8-2", "primary", "own", True),
        ("PL.VII.7-1", "each_agency", "agencies_attaining", False),
        ("PL.VII.7-1", "primary", "pooled", False),
    ]


def test_task_has_its_words_and_those_who_answer_for_it(warehouse: Warehouse, catalog: Catalog) -> None:
    store(warehouse, catalog)
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


def test_what_is_no_longer_in_the_files_goes(warehouse: Warehouse, catalog: Catalog) -> None:
    store(warehouse, catalog)
    gone = next(agency for agency in catalog.agencies if agency.level == "commune" and agency.province_code == "H58")
    kept = tuple(agency for agency in catalog.agencies if agency.code != gone.code)
    [annex] = catalog.annexes
    fewer = annex.model_copy(update={"tasks": annex.tasks[1:]})
    store(warehouse, catalog.model_copy(update={"agencies": kept, "annexes": (fewer,)}))
    for table in ("core.agency_catalog", "core.agency_set_member", "mart.task_agency"):
        assert warehouse.query(f"select count(*) from {table} where agency_code = %s", [gone.code]) == [(0,)]
    for table in ("mart.task", "mart.task_agency"):
        assert warehouse.query(f"select count(*) from {table} where task_code = 'PL.I.1'") == [(0,)]


def test_rows_of_another_province_are_left_alone(warehouse: Warehouse, catalog: Catalog) -> None:
    store(warehouse, catalog)
    with psycopg.connect(warehouse.url("cchc_owner")) as connection:
        connection.execute(NEIGHBOURS.encode())
    before = read_versions(warehouse)
    store(warehouse, catalog)
    assert read_versions(warehouse) == before


# Each agency of the catalog's complete set says yes.
YES_OF_ALL = """
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


def learn(warehouse: Warehouse, code: str) -> None:
    """A commune that only a response knows."""
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
    store(warehouse, catalog)
    count = "select set_code, count(*) from core.agency_set_member group by set_code order by set_code"
    before = dict(warehouse.query(count))
    learn(warehouse, "H58.99.01")
    store(warehouse, catalog)
    after = dict(warehouse.query(count))
    assert {code for code in after if after[code] != before[code]} == {"co_quan_don_vi_dia_phuong"}
    members = "select set_code, valid_from::text from core.agency_set_member where agency_code = 'H58.99.01'"
    assert warehouse.query(members) == [("co_quan_don_vi_dia_phuong", "2024-06-29")]
    tasks = "select count(*) from mart.task_agency where task_code = 'PL.VII.8' and agency_code = 'H58.99.01'"
    assert warehouse.query(tasks) == [(0,)]


def test_unregistered_agency_leaves_a_target_of_100_percent_attainable(warehouse: Warehouse, catalog: Catalog) -> None:
    day = date(2024, 6, 30)
    learn(warehouse, "H58.99.01")
    store(warehouse, catalog)
    with psycopg.connect(warehouse.url()) as connection:
        connection.execute(YES_OF_ALL.encode())
        attain(connection, [], "H58", DateRange.inclusive(day, day), "run")
    assert warehouse.query(
        "select numerator, denominator, status, coverage from mart.indicator_attainment"
        " where indicator_code = 'II.4-1' and agency_code = 'H58'"
    ) == [(200, 200, "attained", 1)]
    # The levels of a figure of the portal take it in: it has a row.
    assert warehouse.query(
        "select status from mart.indicator_attainment where indicator_code = 'II.1.b-1' and variant = 'primary'"
        " and agency_code = 'H58.99.01'"
    ) == [("no_data",)]


def test_agency_that_a_response_of_another_province_named_is_not_put_into_our_sets(
    warehouse: Warehouse, catalog: Catalog
) -> None:
    learn(warehouse, "H44.100")
    store(warehouse, catalog)
    assert warehouse.query("select set_code from core.agency_set_member where agency_code like 'H44%%'") == []
