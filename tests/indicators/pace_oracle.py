"""The ruling on pace written down a second time: points on a calendar, exact fractions, no line of the SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.indicators.oracle import Reading

UNUSABLE = ("invalid", "not_applicable", "no_data")


@dataclass(frozen=True)
class Past:
    """What the table says of the province on a day of an earlier year: parts of a share, else a number."""

    day: date
    plan_year: int
    status: str
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    number: Decimal | None = None

    @property
    def value(self) -> Fraction | None:
        """Exactly."""
        if self.number is not None:
            return Fraction(self.number)
        if self.numerator is None or self.denominator is None:
            return None
        return Fraction(self.numerator) * 100 / Fraction(self.denominator)


def pace_on(reading: Reading, year: int, day: date, target: Fraction | None) -> Fraction | None:
    """What the value should be at the end of ``day``; None where there is no pace."""
    if reading.judged != "year_end" or target is None:
        return None
    closes_on = move(reading.closes_on, year - reading.plan_year)
    steps = [(move(by, year - reading.plan_year), Fraction(value)) for by, value in reading.milestones]
    today = min(day, closes_on)
    share = None if steps else share_of_earlier_year(reading, year, today)
    if share is not None:
        return target * share
    return read_off([(date(year - 1, 12, 31), Fraction(0)), *steps, (closes_on, target)], today)


def read_off(points: Sequence[tuple[date, Fraction]], day: date) -> Fraction:
    """The height of the line through ``points`` on ``day``."""
    for (start, low), (end, high) in pairwise(points):
        if start < day <= end:
            return low + (high - low) * Fraction((day - start).days, (end - start).days)
    raise AssertionError(f"{day} is before {points[0][0]} or after {points[-1][0]}")


def share_of_earlier_year(reading: Reading, year: int, day: date) -> Fraction | None:
    """What part of its end the newest earlier year that has one had reached by then."""
    for closed in range(year - 1, year - 5, -1):
        curve = {
            past.day: past.value
            for past in reading.history
            if closed == (past.plan_year if reading.is_budget_year else past.day.year)
            and past.day >= date(closed, 1, 1)
            and past.value is not None
            and past.status not in UNUSABLE
        }
        end = curve.get(move(reading.closes_on, closed - reading.plan_year), Fraction(0))
        if end > 0:
            known = [other for other in curve if other <= move(day, closed - year)]
            return curve[max(known)] / end if known else None
    return None


def move(day: date, years: int) -> date:
    """The same day of another year; of 29 February the 28th where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def status_of_pace(status: str, value: Fraction | None, pace: Fraction | None) -> str:
    """on_track, behind or none."""
    if pace is None or value is None or status in UNUSABLE:
        return "none"
    if status == "pending":
        return "on_track" if value >= pace else "behind"
    return "on_track" if status == "attained" else "behind"
