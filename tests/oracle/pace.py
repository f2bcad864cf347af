"""The oracle's pace: what a figure that is judged at year's end should be by a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction

from tests.oracle.plan import PLAN_YEAR, Reading

Curve = Mapping[date, Fraction]


def move(day: date, years: int) -> date:
    """The same day of the calendar; the 28th where there is no 29 February."""
    is_leap_day = (day.month, day.day) == (2, 29)
    return date(day.year + years, day.month, 28 if is_leap_day and years % 4 else day.day)


def find_pace(reading: Reading, target: Fraction | None, day: date, year: int, last_year: Curve) -> Fraction | None:
    """Along ``last_year``, the province's values by day, scaled to ``target``; without its end in a straight line."""
    if reading.judged != "year_end" or target is None:
        return None
    closes_on, before = move(reading.closes_on, year - PLAN_YEAR), date(year, 1, 1) - timedelta(days=1)
    end = last_year.get(move(closes_on, -1), Fraction())
    known = [other for other in last_year if other <= move(day, -1)]
    if end > 0 and known:
        return target * last_year[max(known)] / end
    return target * (day - before).days / (closes_on - before).days


def choose_pace_status(status: str, value: Fraction | None, pace: Fraction | None) -> str:
    """What is missed is behind, whatever the pace."""
    if pace is None or value is None or status in ("no_data", "not_applicable", "invalid"):
        return "none"
    is_behind = status == "missed" or (status == "pending" and value < pace)
    return "behind" if is_behind else "on_track"
