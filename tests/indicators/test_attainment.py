"""compute_attainment(): which days are computed, after a late publish too, and what a failure leaves."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from cchc.calendar import DateRange
from tests.indicators.province_fixture import ProvinceFixture

CODES = {"id-31": "H58.31", "id-32": "H58.32"}
VALUES = """
select as_of_date, value::int, run_id from mart.indicator_attainment where agency_code = 'H58' order by as_of_date
"""
MEASURED = """
select day, value::int from mart.measure
where measure_code = 'national_portal.online_payment.numerator' and agency_code = 'H58' order by day
"""


def june(day: int) -> date:
    return date(2024, 6, day)


def publish(province: ProvinceFixture, day: date, numerator: int) -> None:
    province.publish(day, {"root": (numerator, 100)}, CODES)


def count_dirty_dates(province: ProvinceFixture) -> int:
    return int(province.query("select count(*) from ops.dirty_date")[0][0])


def break_attainment(warehouse: Any) -> None:
    """Make the database reject any result from now on."""
    with psycopg.connect(warehouse.url("cchc_owner")) as connection:
        connection.execute("alter table mart.indicator_attainment add constraint broken check (false) not valid")


def test_days_asked_for_are_computed(province: ProvinceFixture) -> None:
    publish(province, june(1), 40)
    assert province.compute(june(1), june(3)) == [DateRange.inclusive(june(1), june(3))]
    assert province.query(VALUES) == [(june(day), 40, "this run") for day in (1, 2, 3)]
    assert count_dirty_dates(province) == 0


def test_late_publish_recomputes_the_later_days_that_were_computed(province: ProvinceFixture) -> None:
    publish(province, june(1), 40)
    for day in (1, 2, 3, 6):
        province.compute(june(day), run_id="before")
    publish(province, june(2), 50)
    assert province.compute(june(8), run_id="after") == [
        DateRange.inclusive(june(2), june(3)),
        DateRange.inclusive(june(6), june(6)),
        DateRange.inclusive(june(8), june(8)),
    ]
    assert province.query(VALUES) == [
        (june(1), 40, "before"),
        (june(2), 50, "after"),
        (june(3), 50, "after"),
        (june(6), 50, "after"),
        (june(8), 50, "after"),
    ]


def test_without_days_only_dirty_dates_are_computed(province: ProvinceFixture) -> None:
    publish(province, june(1), 40)
    province.compute(june(1), june(3), run_id="before")
    publish(province, june(2), 50)
    assert province.compute(run_id="after") == [DateRange.inclusive(june(2), june(3))]
    assert province.query(VALUES) == [(june(1), 40, "before"), (june(2), 50, "after"), (june(3), 50, "after")]
    assert count_dirty_dates(province) == 0
    assert province.compute(run_id="again") == []


def test_dirty_dates_without_results_get_measures_alone(province: ProvinceFixture) -> None:
    publish(province, june(5), 50)
    assert province.compute() == []
    assert province.query(VALUES) == []
    assert province.query(MEASURED) == [(june(5), 50)]
    assert count_dirty_dates(province) == 0


def test_late_publish_recomputes_every_later_day_but_its_values_end_with_the_year(province: ProvinceFixture) -> None:
    new_year = date(2025, 1, 1)
    province.compute(date(2024, 12, 31), new_year, run_id="before")
    publish(province, date(2024, 12, 30), 50)
    assert province.compute(run_id="after") == [DateRange.inclusive(date(2024, 12, 31), new_year)]
    assert province.query(VALUES) == [(date(2024, 12, 31), 50, "after"), (new_year, None, "before")]


def test_late_increments_add_to_every_later_day_of_their_year(province: ProvinceFixture) -> None:
    province.add_indicator("II.9-1", "eoffice.sent_without_paper")
    province.publish_office(june(1), "H58.31", sent=10, without_paper=5)
    province.publish_office(june(3), "H58.32", sent=10, without_paper=9)
    province.compute(june(1), june(4), run_id="before")
    province.publish_office(june(2), "H58.31", sent=20, without_paper=2)
    assert province.compute(run_id="after") == [DateRange.inclusive(june(2), june(4))]
    sums = "select as_of_date, numerator::int, denominator::int, is_stale, run_id from mart.indicator_attainment"
    assert province.query(f"{sums} where indicator_code = 'II.9-1' and agency_code = 'H58' order by 1") == [
        (june(1), 5, 10, False, "before"),
        (june(2), 7, 30, False, "after"),
        (june(3), 16, 40, False, "after"),
        (june(4), 16, 40, False, "after"),
    ]
    assert province.query(f"{sums} where indicator_code = 'II.9-1' and agency_code = 'H58.32' order by 1")[1:3] == [
        (june(2), None, None, False, "before"),
        (june(3), 9, 10, False, "before"),
    ]


def test_measures_are_fresh_for_the_delay_that_the_profile_allows(province: ProvinceFixture) -> None:
    publish(province, june(1), 40)
    province.publish_office(june(1), "H58.31", sent=10, without_paper=5)
    province.compute(june(1))
    fresh = "select distinct split_part(measure_code, '.', 1), fresh_until from mart.measure order by 1"
    assert province.query(fresh) == [("eoffice", june(4)), ("national_portal", june(1))]


def test_derived_metrics_are_measured_as_the_profile_defines(province: ProvinceFixture) -> None:
    publish(province, june(1), 40)
    with province.connection.transaction():
        province.connection.execute(
            "insert into core.return_value (load_id, row_no, source, indicator_code, agency_code, period,"
            " period_start, period_end, numerator, denominator, reported_on, modified_at, content_sha256)"
            " select load_id, 1, 'returns', 'II.2-1', 'H58.31', '2024-05', '2024-05-01', '2024-05-31', 3, 4,"
            " '2024-06-01', '2024-06-01', '' from ops.load"
        )
    province.compute(date(2024, 5, 31))
    codes = "select distinct metric from mart.measure where metric like 'returns.%' order by 1"
    assert province.query(codes) == [("returns.II.2-1",), ("returns.II.2.pooled",)]


def test_closed_year_sets_the_pace_of_the_days_after_it_in_one_call(province: ProvinceFixture) -> None:
    province.add_indicator("II.3-1", judged="year_end")
    publish(province, date(2024, 1, 2), 9)
    publish(province, date(2024, 12, 31), 36)
    province.compute(date(2024, 1, 2))
    province.compute(date(2024, 12, 31), date(2025, 1, 2))
    found = province.query(
        "select as_of_date, round(pace_target, 4) from mart.indicator_attainment"
        " where indicator_code = 'II.3-1' and agency_code = 'H58' and as_of_date in ('2024-12-31', '2025-01-02')"
        " order by as_of_date"
    )
    assert found == [(date(2024, 12, 31), 45), (date(2025, 1, 2), Decimal("11.25"))]  # 45 × 9 ÷ 36


def test_task_statuses_are_computed_for_each_day(province: ProvinceFixture) -> None:
    with province.connection.transaction():
        province.connection.execute(
            "insert into mart.task (province_code, plan_year, task_code, ordinal, group_vi, content_vi, lead_agency_vi,"
            " deadline_kind, due_soon_days, indicator_codes)"
            " values ('H58', 2024, 'PL.I.1', 1, '', '', '', 'ongoing', 14, '{}')"
        )
        province.connection.execute(
            "insert into mart.task_agency (province_code, plan_year, task_code, agency_code, valid_from)"
            " values ('H58', 2024, 'PL.I.1', 'H58', '2024-01-01')"
        )
    province.compute(june(1), june(2))
    statuses = "select as_of_date, status, run_id from mart.task_status order by 1"
    assert province.query(statuses) == [(june(1), "no_data", "this run"), (june(2), "no_data", "this run")]


def test_late_publish_is_compared_with_its_neighbours(province: ProvinceFixture) -> None:
    publish(province, june(1), 40)
    publish(province, june(3), 50)
    province.compute(june(1), june(3))
    publish(province, june(2), 60)
    province.compute()
    flags = "select as_of_date, quality_flags from mart.indicator_attainment where agency_code = 'H58' order by 1"
    assert province.query(flags) == [(june(1), []), (june(2), []), (june(3), ["fell"])]


def test_computing_again_changes_nothing(province: ProvinceFixture) -> None:
    publish(province, june(1), 40)
    everything = "select * from mart.indicator_attainment order by as_of_date, agency_code"
    province.compute(june(1), june(2), run_id="first")
    first = province.query(everything)
    assert province.compute(june(1), june(2), run_id="second") == [DateRange.inclusive(june(1), june(2))]
    assert province.query(everything) == first


def test_failure_leaves_measures_and_dirty_dates_as_they_were(province: ProvinceFixture, warehouse: Any) -> None:
    publish(province, june(1), 40)
    province.compute(june(1))
    publish(province, june(2), 50)
    break_attainment(warehouse)
    with pytest.raises(psycopg.errors.CheckViolation):
        province.compute(june(2))
    assert province.query(MEASURED) == [(june(1), 40)]
    assert count_dirty_dates(province) == 1


def test_publish_during_the_computation_stays_dirty(province: ProvinceFixture, warehouse: Any) -> None:
    publish(province, june(1), 40)
    with psycopg.connect(warehouse.url("cchc_owner")) as connection:
        connection.execute(
            "create function publish_late() returns trigger language plpgsql security definer as $$ begin"
            " insert into ops.dirty_date (load_id, source, data_date)"
            " select load_id, source, '2024-06-02' from ops.load;"
            " return null; end $$;"
            "create trigger publish_late after insert on mart.indicator_attainment execute function publish_late()"
        )
    province.compute(june(1))
    assert province.query("select distinct data_date from ops.dirty_date") == [(june(2),)]


def test_results_of_another_province_stay(province: ProvinceFixture) -> None:
    province.compute(june(1))
    with province.connection.transaction():
        province.connection.execute(
            "update mart.indicator_attainment set agency_code = 'H44' where agency_code = 'H58'"
        )
    province.compute(june(1))
    rows = "select agency_code from mart.indicator_attainment order by 1"
    assert province.query(rows) == [("H44",), ("H58",), ("H58.31",), ("H58.32",)]
