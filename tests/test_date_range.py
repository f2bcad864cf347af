"""DateRange and merge_ranges: the set meaning of contains, intersection, cover and union, day by day."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise, takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cchc.calendar import DateRange, merge_ranges

FIRST = date(2024, 2, 20)
DAYS = [FIRST + timedelta(days=offset) for offset in range(35)]


@st.composite
def ranges(draw: st.DrawFn) -> DateRange:
    """Ranges around a leap day that start and, unless they are open, end within DAYS."""
    start = draw(st.integers(0, 25))
    length = draw(st.none() | st.integers(1, 8))
    return DateRange(DAYS[start], None if length is None else DAYS[start + length])


SEVERAL = st.lists(ranges(), max_size=12)


@given(ranges(), ranges())
def test_intersection_contains_the_days_of_both(one: DateRange, other: DateRange) -> None:
    shared = one.intersection(other)
    for day in DAYS:
        in_both = one.contains(day) and other.contains(day)
        assert (shared is not None and shared.contains(day)) == in_both
    assert shared == other.intersection(one)


@given(ranges(), st.lists(ranges(), max_size=4))
def test_first_day_outside_is_the_first_day_of_none_of_the_others(one: DateRange, others: list[DateRange]) -> None:
    missing = [day for day in DAYS if one.contains(day) and not any(other.contains(day) for other in others)]
    assert one.first_day_outside(others) == (missing[0] if missing else None)


@given(SEVERAL)
def test_merged_ranges_have_the_same_days_and_never_meet(several: list[DateRange]) -> None:
    merged = merge_ranges(several)
    for day in DAYS:
        assert any(one.contains(day) for one in merged) == any(one.contains(day) for one in several)
    assert all(earlier.end is not None and earlier.end < later.start for earlier, later in pairwise(merged))


@given(SEVERAL.flatmap(lambda items: st.tuples(st.just(items), st.permutations(items))))
def test_merged_ranges_do_not_depend_on_the_order_given(orders: tuple[list[DateRange], list[DateRange]]) -> None:
    assert merge_ranges(orders[0]) == merge_ranges(orders[1])


def test_adjacent_ranges_are_merged_over_the_new_year() -> None:
    old, new = date(2024, 12, 31), date(2025, 1, 1)
    assert merge_ranges([DateRange.inclusive(new, new), DateRange.inclusive(old, old)]) == [
        DateRange.inclusive(old, new)
    ]


def test_range_inside_another_adds_nothing() -> None:
    year = DateRange.inclusive(date(2024, 1, 1), date(2024, 12, 31))
    assert merge_ranges([year, DateRange.inclusive(FIRST, FIRST)]) == [year]


def test_date_range_ends_before_its_end() -> None:
    assert DateRange(FIRST, DAYS[2]).contains(DAYS[1])
    assert not DateRange(FIRST, DAYS[2]).contains(DAYS[2])
    assert DateRange(FIRST).contains(date.max)


@pytest.mark.parametrize("last", [FIRST, DAYS[14], date.max])
def test_inclusive_range_contains_its_last_day_and_no_later_one(last: date) -> None:
    days = DateRange.inclusive(FIRST, last)
    assert days.last == last
    assert days.contains(last)
    assert last == date.max or not days.contains(last + timedelta(days=1))


@given(ranges())
def test_days_are_those_that_the_range_contains(one: DateRange) -> None:
    assert [day for day in DAYS if one.contains(day)] == list(takewhile(lambda day: day <= DAYS[-1], one.days))


def test_range_that_ends_at_its_start_has_no_day() -> None:
    assert not list(DateRange(FIRST, FIRST).days)
