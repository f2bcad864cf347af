"""Oracle of mart.result_change: the change of a rate by each agency's own rate and by the mix, in exact fractions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True)
class Share:
    """The cases that comply and all cases."""

    numerator: Decimal | int
    denominator: Decimal | int


@dataclass(frozen=True)
class Part:
    """The part of a change that one agency made, in points: by its own rate, and by its weight in the whole (the mix).

    ``agency_code`` None: the part of the whole that belongs to no agency.
    """

    agency_code: str | None
    rate: Fraction
    mix: Fraction

    @property
    def total(self) -> Fraction:
        """Rate and mix together, in points."""
        return self.rate + self.mix


@dataclass(frozen=True)
class _Slice:
    """An agency within the whole of one day. ``weight``: its share of the denominator; ``points``: of the rate."""

    weight: Fraction
    points: Fraction


_ABSENT = _Slice(Fraction(0), Fraction(0))


def decompose(
    before: Mapping[str, Share], after: Mapping[str, Share], whole_before: Share, whole_after: Share
) -> list[Part]:
    """Split the change of the whole's rate (points: × 100) between two days, most harmful part first.

    ``before``, ``after``: agency code → its share. With r = an agency's rate and w = its denominator ÷ the whole's, its
    rate part is Δr·(w₀+w₁)/2 and its mix part Δw·(r₀+r₁)/2; an agency that is absent or has a denominator of 0 on
    either day is all mix. Where the agencies don't add up to the whole, the difference is a part of its own, of either
    sign. The totals sum to the change exactly.

    Raises ValueError where the denominator of the whole is 0 on either day: there is no rate then.
    """
    slices_before, slices_after = _slice_whole(before, whole_before), _slice_whole(after, whole_after)
    parts = [
        _split_change(code, slices_before.get(code, _ABSENT), slices_after.get(code, _ABSENT))
        for code in slices_before.keys() | slices_after.keys()
    ]
    return sorted(parts, key=lambda part: (part.total, part.agency_code is None, part.agency_code or ""))


def _slice_whole(shares: Mapping[str, Share], whole: Share) -> dict[str | None, _Slice]:
    """The slices of the whole; None has the rest that belongs to no agency, if there is any."""
    if not whole.denominator:
        raise ValueError("the whole has a denominator of 0 and so no rate: compare days on which it has one")
    slices: dict[str | None, _Slice] = {code: _slice(share, whole) for code, share in shares.items()}
    rest = _subtract(_slice(whole, whole), slices.values())
    return slices if rest == _ABSENT else slices | {None: rest}


def _slice(share: Share, whole: Share) -> _Slice:
    of = Fraction(whole.denominator)
    return _Slice(Fraction(share.denominator) / of, 100 * Fraction(share.numerator) / of)


def _subtract(whole: _Slice, slices: Iterable[_Slice]) -> _Slice:
    weight, points = whole.weight, whole.points
    for item in slices:
        weight -= item.weight
        points -= item.points
    return _Slice(weight, points)


def _split_change(agency_code: str | None, before: _Slice, after: _Slice) -> Part:
    if not before.weight or not after.weight:
        return Part(agency_code, Fraction(0), after.points - before.points)
    rate_before, rate_after = before.points / before.weight, after.points / after.weight
    return Part(
        agency_code,
        rate=(rate_after - rate_before) * (before.weight + after.weight) / 2,
        mix=(after.weight - before.weight) * (rate_before + rate_after) / 2,
    )
