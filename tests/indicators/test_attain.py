"""attain(): which days are computed, what a late publish brings about, and what a failure leaves."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from cchc.calendar import DateRange
from tests.indicators.house import House

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


def publish(house: House, day: date, numerator: int) -> None:
    house.publish(day, {"root": (numerator, 100)}, CODES)


def count_touched(house: House) -> int:
    return int(house.query("select count(*) from ops.dirty_date")[0][0])


def refuse_rows(warehouse: Any) -> None:
    """From now on the database refuses any row of the attainment."""
    with psycopg.connect(warehouse.url("cchc_owner")) as connection:
        connection.execute("alter table mart.indicator_attainment add constraint refused check (false) not valid")


def test_days_asked_for_are_attained(house: House) -> None:
    publish(house, june(1), 40)
    assert house.attain(june(1), june(3)) == [DateRange.inclusive(june(1), june(3))]
    assert house.query(VALUES) == [(june(day), 40, "tonight") for day in (1, 2, 3)]
    assert count_touched(house) == 0


def test_late_publish_reaches_the_later_days_that_were_attained(house: House) -> None:
    publish(house, june(1), 40)
    for day in (1, 2, 3, 6):
        house.attain(june(day), run_id="before")
    publish(house, june(2), 50)
    assert house.attain(june(8), run_id="after") == [
        DateRange.inclusive(june(2), june(3)),
        DateRange.inclusive(june(6), june(6)),
        DateRange.inclusive(june(8), june(8)),
    ]
    assert house.query(VALUES) == [
        (june(1), 40, "before"),
        (june(2), 50, "after"),
        (june(3), 50, "after"),
        (june(6), 50, "after"),
        (june(8), 50, "after"),
    ]


def test_late_publish_alone_attains_what_it_touched(house: House) -> None:
    publish(house, june(1), 40)
    house.attain(june(1), june(3), run_id="before")
    publish(house, june(2), 50)
    assert house.attain(run_id="after") == [DateRange.inclusive(june(2), june(3))]
    assert house.query(VALUES) == [(june(1), 40, "before"), (june(2), 50, "after"), (june(3), 50, "after")]
    assert count_touched(house) == 0
    assert house.attain(run_id="again") == []


def test_publish_of_days_never_attained_only_measures(house: House) -> None:
    publish(house, june(5), 50)
    assert house.attain() == []
    assert house.query(VALUES) == []
    assert house.query(MEASURED) == [(june(5), 50)]
    assert count_touched(house) == 0


def test_late_publish_is_taken_in_by_every_day_after_it_but_its_figures_end_with_the_year(house: House) -> None:
    new_year = date(2025, 1, 1)
    house.attain(date(2024, 12, 31), new_year, run_id="before")
    publish(house, date(2024, 12, 30), 50)
    assert house.attain(run_id="after") == [DateRange.inclusive(date(2024, 12, 31), new_year)]
    assert house.query(VALUES) == [(date(2024, 12, 31), 50, "after"), (new_year, None, "before")]


def test_increments_told_late_add_to_every_later_day_of_their_year(house: House) -> None:
    house.add_indicator("II.9-1", "eoffice.sent_without_paper")
    house.publish_office(june(1), "H58.31", sent=10, without_paper=5)
    house.publish_office(june(3), "H58.32", sent=10, without_paper=9)
    house.attain(june(1), june(4), run_id="before")
    house.publish_office(june(2), "H58.31", sent=20, without_paper=2)
    assert house.attain(run_id="after") == [DateRange.inclusive(june(2), june(4))]
    sums = "select as_of_date, numerator::int, denominator::int, is_stale, run_id from mart.indicator_attainment"
    assert house.query(f"{sums} where indicator_code = 'II.9-1' and agency_code = 'H58' order by 1") == [
        (june(1), 5, 10, False, "before"),
        (june(2), 7, 30, False, "after"),
        (june(3), 16, 40, False, "after"),
        (june(4), 16, 40, False, "after"),
    ]
    assert house.query(f"{sums} where indicator_code = 'II.9-1' and agency_code = 'H58.32' order by 1")[1:3] == [
        (june(2), None, None, False, "before"),
        (june(3), 9, 10, False, "before"),
    ]


def test_measures_are_fresh_for_the_delay_that_the_profile_allows(house: House) -> None:
    publish(house, june(1), 40)
    house.publish_office(june(1), "H58.31", sent=10, without_paper=5)
    house.attain(june(1))
    fresh = "select distinct split_part(measure_code, '.', 1), fresh_until from mart.measure order by 1"
    assert house.query(fresh) == [("eoffice", june(4)), ("national_portal", june(1))]


def test_readings_of_several_figures_are_measured_as_the_profile_says(house: House) -> None:
    publish(house, june(1), 40)
    with house.connection.transaction():
        house.connection.execute(
            "insert into core.return_value (load_id, row_no, source, indicator_code, agency_code, period,"
            " period_start, period_end, numerator, denominator, reported_on, modified_at, content_sha256)"
            " select load_id, 1, 'returns', 'II.2-1', 'H58.31', '2024-05', '2024-05-01', '2024-05-31', 3, 4,"
            " '2024-06-01', '2024-06-01', '' from ops.load"
        )
    house.attain(date(2024, 5, 31))
    codes = "select distinct metric from mart.measure where metric like 'returns.%' order by 1"
    assert house.query(codes) == [("returns.II.2-1",), ("returns.II.2.pooled",)]


def test_a_year_that_closes_gives_the_days_after_it_their_pace_in_the_same_go(house: House) -> None:
    house.add_indicator("II.3-1", judged="year_end")
    publish(house, date(2024, 1, 2), 9)
    publish(house, date(2024, 12, 31), 36)
    house.attain(date(2024, 1, 2))
    house.attain(date(2024, 12, 31), date(2025, 1, 2))
    found = house.query(
        "select as_of_date, round(pace_target, 4) from mart.indicator_attainment"
        " where indicator_code = 'II.3-1' and agency_code = 'H58' and as_of_date in ('2024-12-31', '2025-01-02')"
        " order by as_of_date"
    )
    assert found == [(date(2024, 12, 31), 45), (date(2025, 1, 2), Decimal("11.25"))]  # 45 × 9 ÷ 36


def test_tasks_have_their_status_of_each_day_attained(house: House) -> None:
    with house.connection.transaction():
        house.connection.execute(
            "insert into mart.task (province_code, plan_year, task_code, ordinal, group_vi, content_vi, lead_agency_vi,"
            " deadline_kind, due_soon_days, indicator_codes)"
            " values ('H58', 2024, 'PL.I.1', 1, '', '', '', 'ongoing', 14, '{}')"
        )
        house.connection.execute(
            "insert into mart.task_agency (province_code, plan_year, task_code, agency_code, valid_from)"
            " values ('H58', 2024, 'PL.I.1', 'H58', '2024-01-01')"
        )
    house.attain(june(1), june(2))
    statuses = "select as_of_date, status, run_id from mart.task_status order by 1"
    assert house.query(statuses) == [(june(1), "no_data", "tonight"), (june(2), "no_data", "tonight")]


def test_late_publish_is_compared_with_its_neighbours(house: House) -> None:
    publish(house, june(1), 40)
    publish(house, june(3), 50)
    house.attain(june(1), june(3))
    publish(house, june(2), 60)
    house.attain()
    flags = "select as_of_date, quality_flags from mart.indicator_attainment where agency_code = 'H58' order by 1"
    assert house.query(flags) == [(june(1), []), (june(2), []), (june(3), ["fell"])]


def test_attaining_again_changes_nothing(house: House) -> None:
    publish(house, june(1), 40)
    everything = "select * from mart.indicator_attainment order by as_of_date, agency_code"
    house.attain(june(1), june(2), run_id="first")
    first = house.query(everything)
    assert house.attain(june(1), june(2), run_id="second") == [DateRange.inclusive(june(1), june(2))]
    assert house.query(everything) == first


def test_failure_leaves_measures_and_touched_days_as_they_were(house: House, warehouse: Any) -> None:
    publish(house, june(1), 40)
    house.attain(june(1))
    publish(house, june(2), 50)
    refuse_rows(warehouse)
    with pytest.raises(psycopg.errors.CheckViolation):
        house.attain(june(2))
    assert house.query(MEASURED) == [(june(1), 40)]
    assert count_touched(house) == 1


def test_publish_during_the_attainment_stays_touched(house: House, warehouse: Any) -> None:
    publish(house, june(1), 40)
    with psycopg.connect(warehouse.url("cchc_owner")) as connection:
        connection.execute(
            "create function touch() returns trigger language plpgsql security definer as $$ begin"
            " insert into ops.dirty_date (load_id, source, data_date) select load_id, source, '2024-06-02' from ops.load;"
            " return null; end $$;"
            "create trigger touch after insert on mart.indicator_attainment execute function touch()"
        )
    house.attain(june(1))
    assert house.query("select distinct data_date from ops.dirty_date") == [(june(2),)]


def test_another_province_s_rows_stay(house: House) -> None:
    house.attain(june(1))
    with house.connection.transaction():
        house.connection.execute("update mart.indicator_attainment set agency_code = 'H44' where agency_code = 'H58'")
    house.attain(june(1))
    rows = "select agency_code from mart.indicator_attainment order by 1"
    assert house.query(rows) == [("H44",), ("H58",), ("H58.31",), ("H58.32",)]
