"""The split of a change between agencies: reckoned by hand, and exact whatever the agencies do."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cchc.indicators.decomposition import Part, Share, decompose

NUMBERS = st.integers(0, 10**6) | st.decimals(0, 10**12, places=6)
SHARES = st.builds(Share, NUMBERS, NUMBERS)
WHOLES = st.builds(Share, NUMBERS, NUMBERS.filter(bool))
AGENCIES = st.dictionaries(st.sampled_from(["H58.01", "H58.02", "H58.03", "H58.04", "H58.05"]), SHARES)


def test_change_is_split_into_rates_and_mix_as_by_hand() -> None:
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


def test_new_and_closed_agencies_and_what_belongs_to_none_are_parts_of_their_own() -> None:
    # 70 of 100 = 70 %, then 60 of 100 = 60 %: −10 points.
    # H58.01, 30 of 40, is closed: −30. H58.02, 10 of 50, is new: +10. H58.03 has no case on the first day: +20.
    # Of the rest 40 of 60 (66⅔ %, weight 0.6), then 30 of 20 (150 %, weight 0.2): rate +83⅓ × 0.4; mix −0.4 × 108⅓
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


def test_agencies_that_hold_more_than_the_whole_leave_a_rest_of_the_other_sign() -> None:
    # 50 of 100, then 50 of 100; the agency holds all of it, then 60 of 110: +10 by the sum, −10 by the rest.
    parts = decompose({"H58.01": Share(50, 100)}, {"H58.01": Share(60, 110)}, Share(50, 100), Share(50, 100))
    assert [(part.agency_code, part.total) for part in parts] == [(None, -10), ("H58.01", 10)]


def test_agencies_that_make_up_the_whole_leave_no_rest() -> None:
    shares = {"H58.01": Share(Decimal("0.1"), Decimal("0.3")), "H58.02": Share(Decimal("0.2"), Decimal("0.4"))}
    parts = decompose(shares, shares, Share(Decimal("0.3"), Decimal("0.7")), Share(Decimal("0.3"), Decimal("0.7")))
    assert [(part.agency_code, part.total) for part in parts] == [("H58.01", 0), ("H58.02", 0)]


@pytest.mark.parametrize(("before", "after"), [(Share(0, 0), Share(1, 2)), (Share(1, 2), Share(0, Decimal(0)))])
def test_whole_without_a_rate_is_refused(before: Share, after: Share) -> None:
    with pytest.raises(ValueError, match="denominator of 0"):
        decompose({}, {}, before, after)


@given(AGENCIES, AGENCIES, WHOLES, WHOLES)
def test_parts_sum_to_the_change_exactly(
    before: dict[str, Share], after: dict[str, Share], whole_before: Share, whole_after: Share
) -> None:
    parts = decompose(before, after, whole_before, whole_after)
    assert sum(part.total for part in parts) == 100 * (_rate(whole_after) - _rate(whole_before))
    assert [part.total for part in parts] == sorted(part.total for part in parts)
    codes = [part.agency_code for part in parts if part.agency_code]
    assert sorted(codes) == sorted(before.keys() | after.keys())


@given(AGENCIES, AGENCIES, WHOLES)
def test_agency_without_a_rate_on_either_day_is_all_mix(
    before: dict[str, Share], after: dict[str, Share], whole: Share
) -> None:
    for part in decompose(before, after, whole, whole):
        if part.agency_code and not (_has_rate(before, part.agency_code) and _has_rate(after, part.agency_code)):
            assert part.rate == 0


def _rate(share: Share) -> Fraction:
    return Fraction(share.numerator) / Fraction(share.denominator)


def _has_rate(shares: dict[str, Share], code: str) -> bool:
    return code in shares and shares[code].denominator != 0
