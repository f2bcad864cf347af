"""What reaching the target takes: reckoned by hand, enough to arrive, and no more than that."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cchc.alerts.model import Needed
from cchc.calendar import DateRange
from cchc.indicators.decomposition import Share
from cchc.indicators.required_rate import reckon_needed

YEAR = DateRange.inclusive(date(2024, 1, 1), date(2024, 12, 31))
BUDGET_YEAR = DateRange.inclusive(date(2024, 1, 1), date(2025, 1, 31))
MIDYEAR = date(2024, 6, 30)  # 26 weeks are over, 184 days are left
LEAST = Fraction(1, 100)

POINTS = st.decimals(0, 100, places=4)
DAYS = st.integers(0, 364).map(lambda offset: YEAR.start + timedelta(days=offset))


def test_money_needs_the_missing_points_over_the_weeks_left() -> None:
    # (90 − 40) ÷ (215 ÷ 7) = 1.6279; 40 ÷ 26 = 1.5385
    assert reckon_needed(Decimal(40), Decimal(90), MIDYEAR, BUDGET_YEAR, begins_at_zero=True) == Needed(
        by=date(2025, 1, 31), per_week=Decimal("1.63"), so_far_per_week=Decimal("1.53")
    )


def test_growing_share_says_how_much_of_what_is_still_to_come_must_comply() -> None:
    # 1000 in 182 days make 1010.989 in 184 more: (0.9 × 2010.989 − 800) ÷ 1010.989 = 99.8913 %
    assert reckon_needed(Decimal(80), Decimal(90), MIDYEAR, YEAR, growing=Share(800, 1000)) == Needed(
        by=YEAR.last, per_week=Decimal("0.39"), rest_pct=Decimal("99.90")
    )


def test_target_out_of_reach_takes_more_than_all_that_is_still_to_come() -> None:
    needed = reckon_needed(Decimal(79), Decimal(90), MIDYEAR, YEAR, growing=Share(790, 1000))
    assert needed is not None
    assert needed.rest_pct == Decimal("100.89")  # (329,400 − 143,780) ÷ 184,000 = 100.8804 %


def test_share_of_nothing_yet_has_no_rest_to_reckon() -> None:
    needed = reckon_needed(Decimal(0), Decimal(90), MIDYEAR, YEAR, growing=Share(0, 0))
    assert needed is not None
    assert needed.rest_pct is None


@pytest.mark.parametrize(
    ("value", "target", "day"),
    [
        (None, "90", MIDYEAR),
        ("80", None, MIDYEAR),
        ("90", "90.00", MIDYEAR),
        ("90.01", "90", MIDYEAR),
        ("80", "90", YEAR.last),
        ("80", "90", date(2025, 1, 1)),
        ("80", "90", date(2023, 12, 31)),
    ],
)
def test_nothing_is_needed_where_nothing_is_missing_or_no_time_is_left(
    value: str | None, target: str | None, day: date
) -> None:
    told = [None if number is None else Decimal(number) for number in (value, target)]
    assert reckon_needed(*told, day, YEAR, begins_at_zero=True, growing=Share(80, 100)) is None


@given(POINTS, POINTS, DAYS)
def test_doing_as_told_every_week_arrives_and_less_does_not(value: Decimal, target: Decimal, day: date) -> None:
    needed = reckon_needed(value, target, day, YEAR)
    if value >= target:
        assert needed is None
        return
    assert needed is not None
    weeks = Fraction((YEAR.last - day).days, 7)
    missing = Fraction(target) - Fraction(value)
    assert Fraction(needed.per_week) * weeks >= missing
    assert (Fraction(needed.per_week) - LEAST) * weeks < missing


@given(st.integers(1, 10**9), st.data(), st.integers(1, 100), DAYS)
def test_rest_complying_as_told_arrives_and_less_does_not(
    denominator: int, data: st.DataObject, target: int, day: date
) -> None:
    numerator = data.draw(st.integers(0, (target * denominator - 1) // 100))
    value = Decimal(100 * numerator) / denominator
    needed = reckon_needed(value, Decimal(target), day, YEAR, growing=Share(numerator, denominator))
    assert needed is not None
    assert needed.rest_pct is not None
    to_come = Fraction(denominator) * (YEAR.last - day).days / ((day - YEAR.start).days + 1)
    enough, too_little = Fraction(needed.rest_pct), Fraction(needed.rest_pct) - LEAST
    assert 100 * numerator + enough * to_come >= target * (denominator + to_come)
    assert 100 * numerator + too_little * to_come < target * (denominator + to_come)
