"""Ranges of days: the same days, in order, as few ranges as can be."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cchc.calendar import DayRange, merge_ranges

FIRST = date(2024, 2, 20)
ONE_DAY = timedelta(days=1)


@st.composite
def ranges(draw: st.DrawFn) -> DayRange:
    """Ranges around a leap day."""
    first = FIRST + timedelta(days=draw(st.integers(0, 25)))
    return DayRange(first, first + timedelta(days=draw(st.integers(0, 6))))


def days_of(given_ranges: list[DayRange]) -> set[date]:
    return {item.first + n * ONE_DAY for item in given_ranges for n in range((item.last - item.first).days + 1)}


@given(st.lists(ranges(), max_size=12))
def test_the_same_days_in_as_few_ranges_as_can_be(items: list[DayRange]) -> None:
    merged = merge_ranges(items)
    assert days_of(merged) == days_of(items)
    assert all(later.first - earlier.last > ONE_DAY for earlier, later in pairwise(merged))


@given(st.lists(ranges(), max_size=12).flatmap(lambda items: st.tuples(st.just(items), st.permutations(items))))
def test_the_order_given_makes_no_difference(orders: tuple[list[DayRange], list[DayRange]]) -> None:
    assert merge_ranges(orders[0]) == merge_ranges(orders[1])


def test_neighbours_are_joined_over_the_new_year() -> None:
    old, new = date(2024, 12, 31), date(2025, 1, 1)
    assert merge_ranges([DayRange(new, new), DayRange(old, old)]) == [DayRange(old, new)]


def test_a_range_inside_another_adds_nothing() -> None:
    year = DayRange(date(2024, 1, 1), date(2024, 12, 31))
    assert merge_ranges([year, DayRange(FIRST, FIRST)]) == [year]
