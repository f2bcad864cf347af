"""Numbers and days in Vietnamese notation."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_CEILING, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cchc.presentation.formats_vi import (
    format_beside,
    format_day,
    format_difference,
    format_exact,
    format_number,
    format_signed,
    format_target,
)

FIGURES = st.decimals(-(10**9), 10**9, places=9)


def read(text: str) -> Decimal:
    return Decimal(text.replace(".", "").replace(",", ".").replace("−", "-"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1234.56", "1.234,56"),
        ("1234567.895", "1.234.567,90"),
        ("-1.3", "−1,30"),
        ("0.125", "0,13"),
        ("-0.001", "0,00"),
        ("100", "100,00"),
    ],
)
def test_number_has_two_decimals_and_vietnamese_separators(value: str, text: str) -> None:
    assert format_number(Decimal(value)) == text


def test_number_is_rounded_as_asked() -> None:
    assert format_number(Decimal("57.21"), places=1, rounding=ROUND_CEILING) == "57,3"


@pytest.mark.parametrize(
    ("value", "others", "text"),
    [
        ("89.996", ["90"], "89,996"),
        ("89.994", ["90"], "89,99"),
        ("90.0000001", ["90"], "90,0000001"),
        ("90", ["90"], "90,00"),
        ("66.666", ["66.6667"], "66,666"),
        ("44.4999", ["90", "44.5"], "44,4999"),
        ("44.4999", [None], "44,50"),
    ],
)
def test_value_differs_visibly_from_the_numbers_beside_it(value: str, others: list[str | None], text: str) -> None:
    against = [other if other is None else Decimal(other) for other in others]
    assert format_beside(Decimal(value), *against) == text


def test_endless_fraction_is_not_written_out_beside_itself() -> None:
    third = Decimal(100) / 3
    assert format_beside(third, third) == "33,33"
    assert format_beside(Decimal("9.125"), Decimal("9.125")) == "9,125"


@given(FIGURES, st.decimals(-1, 1, places=9))
def test_value_is_never_rounded_onto_or_across_a_number_beside_it(other: Decimal, gap: Decimal) -> None:
    shown = read(format_beside(other + gap, other))
    assert (shown > other, shown == other) == (gap > 0, gap == 0)


@given(FIGURES)
def test_difference_shows_its_sign_unless_there_is_none(value: Decimal) -> None:
    text = format_signed(value)
    assert text[0] == ("+" if value > 0 else "−" if value < 0 else "0")
    assert (read(text) == 0) == (value == 0)


@pytest.mark.parametrize(
    ("value", "other", "text"),
    [
        ("82.746", "79.971", "2,78"),  # 82,75 and 79,97, though 2.775 lies between them
        ("79.971", "82.746", "2,78"),
        ("79.974", "79.971", "0,003"),  # both look like 79,97
        ("89.996", "90", "0,004"),
        ("50", "50", "0,00"),
    ],
)
def test_difference_is_that_of_the_values_as_shown(value: str, other: str, text: str) -> None:
    assert format_difference(Decimal(value), Decimal(other), Decimal(90)) == text


@given(FIGURES, FIGURES, FIGURES)
def test_shown_values_differ_by_the_shown_difference(value: Decimal, other: Decimal, bound: Decimal) -> None:
    shown = read(format_beside(value, bound)) - read(format_beside(other, bound))
    difference = read(format_difference(value, other, bound))
    assert difference == abs(shown) if shown else (difference == 0) == (value == other)


@pytest.mark.parametrize(
    ("comparator", "target", "text"),
    [(">=", "9.5", "≥ 9,5"), (">", "90.00", "> 90"), ("=", "1E+2", "= 100"), ("<=", "5", "≤ 5"), (None, "5", "5")],
)
def test_target_is_written_unrounded(comparator: str | None, target: str, text: str) -> None:
    assert format_target(comparator, Decimal(target)) == text


def test_day_is_written_day_first() -> None:
    assert format_day(date(2024, 6, 30)) == "30/06/2024"


def test_missing_value_is_a_dash() -> None:
    assert {format_number(None), format_beside(None, None), format_exact(None), format_target(">", None)} == {"–"}
    assert format_day(None) == "–"
