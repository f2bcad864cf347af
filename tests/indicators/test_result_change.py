"""mart.result_change and its oracle: a change is split between agencies exactly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Warehouse
from tests.indicators.decomposition_oracle import Part, Share, decompose
from tests.indicators.results_fixture import ResultsFixture

NUMBERS = st.integers(0, 10**6) | st.decimals(0, 10**12, places=6)
SHARES = st.builds(Share, NUMBERS, NUMBERS)
WHOLES = st.builds(Share, NUMBERS, NUMBERS.filter(bool))
EXACT = Fraction(1, 10**29)  # the function's quotients have 30 decimals
AGENCIES = st.dictionaries(st.sampled_from(["H58.01", "H58.02", "H58.03", "H58.04", "H58.05"]), SHARES)


def test_oracle_splits_a_change_into_rates_and_mix_as_by_hand() -> None:
    # 850 of 1000 = 85 %, then 800 of 1000 = 80 %: −5 points.
    # H58.01: 80 % → 70 %, weight 0.5 → 0.6: rate −10 × 0.55 = −5.5; mix +0.1 × 75 = +7.5
    # H58.02: 90 % → 95 %, weight 0.5 → 0.4: rate +5 × 0.45 = +2.25; mix −0.1 × 92.5 = −9.25
    parts = decompose(
        before={"H58.01": Share(400, 500), "H58.02": Share(450, 500)},
        after={"H58.01": Share(420, 600), "H58.02": Share(380, 400)},
        whole_before=Share(850, 1000),
        whole_after=Share(800, 1000),
    )
    assert parts == [
        Part("H58.02", rate=Fraction("2.25"), mix=Fraction("-9.25")),
        Part("H58.01", rate=Fraction("-5.5"), mix=Fraction("7.5")),
    ]
    assert [part.total for part in parts] == [-7, 2]


def test_oracle_has_parts_for_new_and_closed_agencies_and_for_the_rest() -> None:
    # 70 of 100 = 70 %, then 60 of 100 = 60 %: −10 points.
    # H58.01, 30 of 40, is closed: −30. H58.02, 10 of 50, is new: +10. H58.03 has no case on the first day: +20.
    # The rest has 40 of 60 (66⅔ %, weight 0.6), then 30 of 20 (150 %, weight 0.2): rate +83⅓ × 0.4; mix −0.4 × 108⅓
    parts = decompose(
        before={"H58.01": Share(30, 40), "H58.03": Share(0, 0)},
        after={"H58.02": Share(10, 50), "H58.03": Share(20, 30)},
        whole_before=Share(70, 100),
        whole_after=Share(60, 100),
    )
    assert parts == [
        Part("H58.01", rate=Fraction(0), mix=Fraction(-30)),
        Part(None, rate=Fraction(100, 3), mix=Fraction(-130, 3)),
        Part("H58.02", rate=Fraction(0), mix=Fraction(10)),
        Part("H58.03", rate=Fraction(0), mix=Fraction(20)),
    ]


def test_oracle_leaves_a_rest_of_the_other_sign_below_its_agencies() -> None:
    # 50 of 100, then 50 of 100; the agency holds all of it, then 60 of 110: +10 by the sum, −10 by the rest.
    parts = decompose({"H58.01": Share(50, 100)}, {"H58.01": Share(60, 110)}, Share(50, 100), Share(50, 100))
    assert [(part.agency_code, part.total) for part in parts] == [(None, -10), ("H58.01", 10)]


def test_oracle_leaves_no_rest_where_agencies_make_up_the_whole() -> None:
    shares = {"H58.01": Share(Decimal("0.1"), Decimal("0.3")), "H58.02": Share(Decimal("0.2"), Decimal("0.4"))}
    parts = decompose(shares, shares, Share(Decimal("0.3"), Decimal("0.7")), Share(Decimal("0.3"), Decimal("0.7")))
    assert [(part.agency_code, part.total) for part in parts] == [("H58.01", 0), ("H58.02", 0)]


@pytest.mark.parametrize(("before", "after"), [(Share(0, 0), Share(1, 2)), (Share(1, 2), Share(0, Decimal(0)))])
def test_oracle_rejects_a_whole_without_a_rate(before: Share, after: Share) -> None:
    with pytest.raises(ValueError, match="denominator of 0"):
        decompose({}, {}, before, after)


@given(AGENCIES, AGENCIES, WHOLES, WHOLES)
def test_oracle_parts_sum_to_the_change_exactly(
    before: dict[str, Share], after: dict[str, Share], whole_before: Share, whole_after: Share
) -> None:
    parts = decompose(before, after, whole_before, whole_after)
    assert sum(part.total for part in parts) == 100 * (_rate(whole_after) - _rate(whole_before))
    assert [part.total for part in parts] == sorted(part.total for part in parts)
    codes = [part.agency_code for part in parts if part.agency_code]
    assert sorted(codes) == sorted(before.keys() | after.keys())


@given(AGENCIES, AGENCIES, WHOLES)
def test_oracle_agency_without_a_rate_on_either_day_is_all_mix(
    before: dict[str, Share], after: dict[str, Share], whole: Share
) -> None:
    for part in decompose(before, after, whole, whole):
        if part.agency_code and not (_has_rate(before, part.agency_code) and _has_rate(after, part.agency_code)):
            assert part.rate == 0


def _rate(share: Share) -> Fraction:
    return Fraction(share.numerator) / Fraction(share.denominator)


def _has_rate(shares: dict[str, Share], code: str) -> bool:
    return code in shares and shares[code].denominator != 0


# The database against the oracle

BEFORE, AFTER = date(2024, 6, 1), date(2024, 6, 30)


@pytest.fixture
def connection(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse.url(), autocommit=True) as connection:
        yield connection


def read_change(connection: psycopg.Connection, agency: str = "H58") -> tuple[Any, ...]:
    """Statuses, values and contributions of an agency's change; parts as agency, rate, mix, total."""
    row = connection.execute(
        "select status_before, status_after, value_before, value_after, contributions is null,"
        " array(select (p.agency_code, p.rate, p.mix, p.total)::text from jsonb_to_recordset(contributions)"
        " as p (agency_code text, rate numeric, mix numeric, total numeric))"
        " from mart.result_change(%s, %s) where agency_code = %s",
        [BEFORE, AFTER, agency],
    ).fetchone()
    assert row
    return row


def read_parts(connection: psycopg.Connection) -> list[tuple[str | None, Decimal, Decimal, Decimal]]:
    *_, is_null, rows = read_change(connection)
    assert not is_null
    parts = [row.strip("()").split(",") for row in rows]
    return [(code or None, Decimal(rate), Decimal(mix), Decimal(total)) for code, rate, mix, total in parts]


def put_day(results: ResultsFixture, day: date, shares: dict[str, Share], whole: Share) -> None:
    results.put(day, whole.numerator, whole.denominator)
    for agency, share in shares.items():
        results.put(day, share.numerator, share.denominator, agency=agency)


def test_result_change_has_the_contributions_of_the_hand_computed_case(connection: psycopg.Connection) -> None:
    results = ResultsFixture(connection)
    put_day(results, BEFORE, {"H58.01": Share(400, 500), "H58.02": Share(450, 500)}, Share(850, 1000))
    put_day(results, AFTER, {"H58.01": Share(420, 600), "H58.02": Share(380, 400)}, Share(800, 1000))
    assert read_parts(connection) == [
        ("H58.02", Decimal("2.25"), Decimal("-9.25"), Decimal(-7)),
        ("H58.01", Decimal("-5.5"), Decimal("7.5"), Decimal(2)),
    ]


def test_result_change_has_values_and_statuses_of_both_days(connection: psycopg.Connection) -> None:
    results = ResultsFixture(connection)
    results.put(BEFORE, 1, 2, status="attained")
    results.put(AFTER, 1, 4)
    results.put(AFTER, 1, 4, agency="H58.01")
    assert read_change(connection)[:4] == ("attained", "missed", Decimal(50), Decimal(25))
    assert read_change(connection, "H58.01")[:5] == (None, "missed", None, Decimal(25), True)


@pytest.mark.parametrize(
    ("fields", "whole"),
    [
        ({"is_share": False}, Share(1, 2)),
        ({"roll_up": "agencies_attaining"}, Share(1, 2)),
        ({}, Share(0, 0)),
        ({}, None),
    ],
    ids=["no share", "parts that don't add up", "denominator of 0", "ratio only"],
)
def test_result_change_without_additive_parts_has_no_contributions(
    connection: psycopg.Connection, fields: dict[str, Any], whole: Share | None
) -> None:
    results = ResultsFixture(connection, **fields)
    for day, own in ((BEFORE, Share(1, 2)), (AFTER, whole)):
        results.put(day, own and own.numerator, own and own.denominator)
        results.put(day, 1, 2, agency="H58.01")
    assert read_change(connection)[4:] == (True, [])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(AGENCIES, AGENCIES, WHOLES, WHOLES)
def test_result_change_equals_the_oracle(
    connection: psycopg.Connection,
    before: dict[str, Share],
    after: dict[str, Share],
    whole_before: Share,
    whole_after: Share,
) -> None:
    with connection.transaction(force_rollback=True):
        results = ResultsFixture(connection)
        put_day(results, BEFORE, before, whole_before)
        put_day(results, AFTER, after, whole_after)
        found = read_parts(connection)
    parts = decompose(before, after, whole_before, whole_after)
    assert [code for code, *_ in found] == [part.agency_code for part in parts]
    for (_, rate, mix, total), part in zip(found, parts, strict=True):
        assert Fraction(rate) + Fraction(mix) == Fraction(total)
        assert abs(Fraction(rate) - part.rate) <= EXACT
        assert abs(Fraction(total) - part.total) <= EXACT
