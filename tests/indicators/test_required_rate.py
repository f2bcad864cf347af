"""mart.required_rate: computed by hand; keeping the rate reaches the target, and a lower rate doesn't."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Warehouse
from tests.indicators.results_fixture import ResultsFixture

FIRST, LAST = date(2024, 1, 1), date(2024, 12, 31)
BUDGET_YEAR = {"judged": "year_end", "period": "budget_year", "closes_on": date(2025, 1, 31)}
STANDING = {"judged": "year_end", "period": "year"}
MIDYEAR = date(2024, 6, 30)  # 26 weeks are over, 184 days are left
STEP = Fraction(1, 100)

POINTS = st.decimals(0, 100, places=4)
DAYS = st.integers(0, 364).map(lambda offset: FIRST + timedelta(days=offset))
FEW = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)


class Required(NamedTuple):
    """A row of mart.required_rate."""

    by_date: date
    per_week: Decimal
    so_far_per_week: Decimal | None
    rest_pct: Decimal | None


@pytest.fixture
def connection(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse.url(), autocommit=True) as connection:
        yield connection


def require(connection: psycopg.Connection, day: date, fields: dict[str, Any], **columns: Any) -> Required | None:
    """The required rate of a result with ``columns``, of an indicator with ``fields``."""
    with connection.transaction(force_rollback=True):
        results = ResultsFixture(connection, **fields)
        parts = columns.pop("parts", (None, None))
        results.put(day, *parts, **columns)
        row = connection.execute(
            "select by_date, per_week, so_far_per_week, rest_pct from mart.required_rate where agency_code = 'H58'"
        ).fetchone()
    return row and Required(*row)


def test_money_requires_the_missing_points_over_the_weeks_left(connection: psycopg.Connection) -> None:
    # (90 − 40) ÷ (215 ÷ 7) = 1.6279; 40 ÷ 26 = 1.5385
    required = require(connection, MIDYEAR, BUDGET_YEAR, value=Decimal(40), target=Decimal(90))
    assert required == Required(date(2025, 1, 31), Decimal("1.63"), Decimal("1.53"), None)


def test_growing_share_has_the_rate_that_cases_to_come_require(connection: psycopg.Connection) -> None:
    # 1000 in 182 days make 1010.989 in 184 more: (0.9 × 2010.989 − 800) ÷ 1010.989 = 99.8913 %
    required = require(connection, MIDYEAR, {}, parts=(800, 1000), target=Decimal(90))
    assert required == Required(LAST, Decimal("0.39"), None, Decimal("99.90"))


def test_target_out_of_reach_requires_more_than_all_cases_to_come(connection: psycopg.Connection) -> None:
    required = require(connection, MIDYEAR, {}, parts=(790, 1000), target=Decimal(90))
    assert required is not None
    assert required.rest_pct == Decimal("100.89")  # (329,400 − 143,780) ÷ 184,000 = 100.8804 %


def test_share_without_cases_has_no_rest(connection: psycopg.Connection) -> None:
    required = require(connection, MIDYEAR, {}, parts=(0, 0), value=Decimal(0), target=Decimal(90))
    assert required is not None
    assert required.rest_pct is None


@pytest.mark.parametrize("roll_up", ["share_of_agencies", "agencies_attaining"])
def test_share_of_agencies_has_no_rest(connection: psycopg.Connection, roll_up: str) -> None:
    required = require(connection, MIDYEAR, {"roll_up": roll_up}, parts=(5, 10), target=Decimal(90))
    assert required is not None
    assert required.rest_pct is None


def test_plan_of_an_earlier_year_closes_on_the_same_day_of_the_year(connection: psycopg.Connection) -> None:
    required = require(connection, date(2025, 6, 30), STANDING, value=Decimal(40), target=Decimal(90))
    assert required is not None
    assert required.by_date == date(2025, 12, 31)


def test_budget_year_is_required_through_its_thirteenth_month(connection: psycopg.Connection) -> None:
    required = require(connection, date(2025, 1, 24), BUDGET_YEAR, value=Decimal(89), target=Decimal(90))
    assert required is not None
    assert (required.by_date, required.per_week) == (date(2025, 1, 31), Decimal("1.00"))


@pytest.mark.parametrize(
    ("value", "target", "day"),
    [
        (None, "90", MIDYEAR),
        ("80", None, MIDYEAR),
        ("90", "90.00", MIDYEAR),
        ("90.01", "90", MIDYEAR),
        ("80", "90", LAST),
    ],
)
@pytest.mark.parametrize("fields", [{}, STANDING], ids=["growing", "standing"])
def test_nothing_is_required_where_nothing_is_missing_or_no_time_is_left(
    connection: psycopg.Connection, fields: dict[str, Any], value: str | None, target: str | None, day: date
) -> None:
    numbers = [None if number is None else Decimal(number) for number in (value, target)]
    assert require(connection, day, fields, parts=(80, 100), value=numbers[0], target=numbers[1]) is None


@FEW
@given(POINTS, POINTS, DAYS)
def test_keeping_the_weekly_rate_reaches_the_target_and_less_does_not(
    connection: psycopg.Connection, value: Decimal, target: Decimal, day: date
) -> None:
    required = require(connection, day, STANDING, value=value, target=target)
    if value >= target:
        assert required is None
        return
    assert required is not None
    weeks = Fraction((LAST - day).days, 7)
    missing = Fraction(target) - Fraction(value)
    assert Fraction(required.per_week) * weeks >= missing
    assert (Fraction(required.per_week) - STEP) * weeks < missing


@FEW
@given(st.integers(1, 10**9), st.data(), st.integers(1, 100), DAYS)
def test_keeping_the_rest_rate_reaches_the_target_and_less_does_not(
    connection: psycopg.Connection, denominator: int, data: st.DataObject, target: int, day: date
) -> None:
    numerator = data.draw(st.integers(0, (target * denominator - 1) // 100))
    required = require(connection, day, {}, parts=(numerator, denominator), target=Decimal(target))
    assert required is not None
    assert required.rest_pct is not None
    to_come = Fraction(denominator) * (LAST - day).days / ((day - FIRST).days + 1)
    enough, too_little = Fraction(required.rest_pct), Fraction(required.rest_pct) - STEP
    assert 100 * numerator + enough * to_come >= target * (denominator + to_come)
    assert 100 * numerator + too_little * to_come < target * (denominator + to_come)
