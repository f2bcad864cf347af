"""The calendar: data dates and the parameters of runs."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cchc.calendar import (
    LOCAL,
    DateRange,
    InvalidDateError,
    attainment_deadline,
    check_data_date,
    month_just_ended,
    newest_complete_day,
    parse_day,
    resolve_days,
)

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_month_just_ended_is_asked_for_on_the_first_ten_days_only(day: date) -> None:
    month = month_just_ended(day)
    if day.day > 10:
        assert month is None
        return
    assert month is not None
    first, last = month.start, month.last
    assert (first.day, last.day) == (1, monthrange(first.year, first.month)[1])
    assert last + timedelta(days=1) == day.replace(day=1)


def test_attainment_waits_until_six_of_the_next_local_morning() -> None:
    assert attainment_deadline(date(2024, 12, 31)) == datetime(2025, 1, 1, 6, tzinfo=LOCAL)
    assert attainment_deadline(date(2024, 12, 31)) == datetime(2024, 12, 31, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "day"), [("2024-06-30T16:59:59+00:00", "2024-06-29"), ("2024-06-30T17:00:00+00:00", "2024-06-30")]
)
def test_newest_complete_day_ends_at_local_midnight(now: str, day: str) -> None:
    assert newest_complete_day(datetime.fromisoformat(now)) == date.fromisoformat(day)


MIDNIGHT = datetime(2024, 7, 1, tzinfo=LOCAL)
NEWEST, FIRST_DAY = date(2024, 6, 30), date(2024, 1, 1)


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-30",
        "30/06/2024",
        "yesterday",
        "",
        "20240630",
        "2024-W26-7",
        "2024-6-30",
        " 2024-06-30",
        "２０２４-06-30",
    ],
)
def test_day_is_written_in_one_way_only(text: str) -> None:
    with pytest.raises(InvalidDateError, match="is no day, write it as 2024-06-30"):
        parse_day(text)


def test_day_is_accepted_from_its_midnight_in_vietnam_on() -> None:
    assert check_data_date(NEWEST, MIDNIGHT, FIRST_DAY) == NEWEST
    with pytest.raises(InvalidDateError, match="2024-06-30 is not over yet, the newest day that is over is 2024-06-29"):
        check_data_date(NEWEST, MIDNIGHT - timedelta(seconds=1), FIRST_DAY)


@pytest.mark.parametrize("day", ["2042-12-31", "2024-07-01", "9999-12-31"])
def test_day_that_is_not_over_is_invalid(day: str) -> None:
    with pytest.raises(InvalidDateError, match="is not over yet"):
        check_data_date(date.fromisoformat(day), MIDNIGHT, FIRST_DAY)


def test_day_before_the_earliest_plan_is_invalid_where_that_is_known() -> None:
    before = date(2023, 12, 31)
    assert check_data_date(FIRST_DAY, MIDNIGHT, FIRST_DAY) == FIRST_DAY
    assert check_data_date(before, MIDNIGHT, None) == before
    with pytest.raises(InvalidDateError, match="before 2024-01-01, the first day of the earliest plan"):
        check_data_date(before, MIDNIGHT, FIRST_DAY)


@pytest.mark.parametrize(
    ("asked", "partition", "first", "last"),
    [
        ({"date": "2024-03-01"}, None, "2024-03-01", "2024-03-01"),
        ({"date": "2024-03-01", "through": None}, None, "2024-03-01", "2024-03-01"),
        ({"date": "2024-03-01", "through": "2024-03-05"}, None, "2024-03-01", "2024-03-05"),
        ({"date": "2024-03-01", "through": "2024-03-01"}, None, "2024-03-01", "2024-03-01"),
        ({"date": "2024-05-05"}, "2024-05-05", "2024-05-05", "2024-05-05"),
        ({"date": None, "through": None}, "2024-05-05", "2024-05-05", "2024-05-05"),
        ({}, "2024-05-05", "2024-05-05", "2024-05-05"),
        ({"date": None}, None, "2024-06-30", "2024-06-30"),
        ({}, None, "2024-06-30", "2024-06-30"),
    ],
)
def test_run_is_for_its_parameters_else_its_partition_else_the_newest_day(
    asked: dict[str, object], partition: str | None, first: str, last: str
) -> None:
    days = resolve_days(asked, ("date", "through"), partition, NEWEST)
    assert days == DateRange.inclusive(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("asked", "partition", "why"),
    [
        ({"date": "2024-03-01", "day": "2024-03-02"}, None, "unknown parameter day: there are date, through"),
        ({"Date": "2024-03-01"}, None, "unknown parameter Date"),
        ({"date": "2024-03-02", "through": "2024-03-01"}, None, "through 2024-03-01 is before date 2024-03-02"),
        ({"through": "2024-06-29"}, None, "through 2024-06-29 is before date 2024-06-30"),
        ({"date": "2024-03-01"}, "2024-03-02", "date 2024-03-01 beside the partition 2024-03-02"),
        ({"date": "2024-02-30"}, None, "'2024-02-30' is no day"),
        ({}, "2024-06", "'2024-06' is no day"),
    ],
)
def test_request_that_can_be_meant_in_two_ways_is_invalid(
    asked: dict[str, object], partition: str | None, why: str
) -> None:
    with pytest.raises(InvalidDateError, match=why):
        resolve_days(asked, ("date", "through"), partition, NEWEST)
