"""Intervals of days: the set meaning of contains, intersection, cover and union, day by day."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cchc.catalog.interval import Interval, unite

FIRST = date(2024, 1, 1)
DAYS = [FIRST + timedelta(days=offset) for offset in range(15)]


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    """Intervals that begin and (if they do) end within DAYS."""
    start = draw(st.integers(0, 12))
    length = draw(st.none() | st.integers(1, 14 - start))
    return Interval(DAYS[start], None if length is None else DAYS[start + length])


@given(intervals(), intervals())
def test_intersection_holds_the_days_of_both(one: Interval, other: Interval) -> None:
    shared = one.intersection(other)
    for day in DAYS:
        in_both = one.contains(day) and other.contains(day)
        assert (shared is not None and shared.contains(day)) == in_both
    assert shared == other.intersection(one)


@given(intervals(), st.lists(intervals(), max_size=4))
def test_first_day_outside_is_the_first_day_of_none_of_the_others(one: Interval, others: list[Interval]) -> None:
    missing = [day for day in DAYS if one.contains(day) and not any(other.contains(day) for other in others)]
    assert one.first_day_outside(others) == (missing[0] if missing else None)


@given(st.lists(intervals(), max_size=5))
def test_united_intervals_hold_the_same_days_and_never_touch(several: list[Interval]) -> None:
    united = unite(several)
    for day in DAYS:
        assert any(one.contains(day) for one in united) == any(one.contains(day) for one in several)
    assert all(earlier.end is not None and earlier.end < later.start for earlier, later in pairwise(united))


def test_an_interval_ends_before_its_end() -> None:
    assert Interval(FIRST, DAYS[2]).contains(DAYS[1])
    assert not Interval(FIRST, DAYS[2]).contains(DAYS[2])
    assert Interval(FIRST).contains(date.max)
