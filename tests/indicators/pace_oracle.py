"""The ruling on pace a second time: points on a calendar, exact fractions, no line of the SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.indicators.oracle import Variant

UNUSABLE = ("invalid", "not_applicable", "no_data")


@dataclass(frozen=True)
class Past:
    """The province's result on a day of an earlier year: parts of a share, else a number."""

    day: date
    plan_year: int
    status: str
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    number: Decimal | None = None

    @property
    def value(self) -> Fraction | None:
        """The exact value; None without parts."""
        if self.number is not None:
            return Fraction(self.number)
        if self.numerator is None or self.denominator is None:
            return None
        return Fraction(self.numerator) * 100 / Fraction(self.denominator)


def pace_on(variant: Variant, year: int, day: date, target: Fraction | None) -> Fraction | None:
    """The value that is due at the end of ``day``; None where there is no pace."""
    if variant.judged != "year_end" or target is None:
        return None
    closes_on = move(variant.closes_on, year - variant.plan_year)
    steps = [(move(by, year - variant.plan_year), Fraction(value)) for by, value in variant.milestones]
    today = min(day, closes_on)
    share = None if steps else share_of_earlier_year(variant, year, today)
    if share is not None:
        return target * share
    return read_off([(date(year - 1, 12, 31), Fraction(0)), *steps, (closes_on, target)], today)


def read_off(points: Sequence[tuple[date, Fraction]], day: date) -> Fraction:
    """The height of the line through ``points`` on ``day``."""
    for (start, low), (end, high) in pairwise(points):
        if start < day <= end:
            return low + (high - low) * Fraction((day - start).days, (end - start).days)
    raise AssertionError(f"{day} is before {points[0][0]} or after {points[-1][0]}")


def share_of_earlier_year(variant: Variant, year: int, day: date) -> Fraction | None:
    """The part of its final value that the newest closed earlier year had reached by the same day."""
    for closed in range(year - 1, year - 5, -1):
        curve = {
            past.day: past.value
            for past in variant.history
            if closed == (past.plan_year if variant.is_budget_year else past.day.year)
            and past.day >= date(closed, 1, 1)
            and past.value is not None
            and past.status not in UNUSABLE
        }
        end = curve.get(move(variant.closes_on, closed - variant.plan_year), Fraction(0))
        if end > 0:
            known = [other for other in curve if other <= move(day, closed - year)]
            return curve[max(known)] / end if known else None
    return None


def move(day: date, years: int) -> date:
    """The same day of another year; 29 February becomes the 28th where there is none."""
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
