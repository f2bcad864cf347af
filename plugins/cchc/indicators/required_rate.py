"""What reaching the target by the closing day takes, against what the year has brought so far."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal
from fractions import Fraction

from cchc.alerts.model import Needed
from cchc.calendar import DateRange
from cchc.indicators.decomposition import Share


def reckon_needed(
    value: Decimal | None,
    target: Decimal | None,
    day: date,
    year: DateRange,
    *,
    begins_at_zero: bool = False,
    growing: Share | None = None,
) -> Needed | None:
    """What is needed a week from the end of ``day`` to the end of ``year.last``, the closing day.

    ``value``, ``target``: in the indicator's unit; whatever the comparator, the target is the bound. ``year.start``:
    1 January of the figure's year. ``begins_at_zero``: the year has brought the whole value (inspections, or money paid
    of a plan that stands), so that what its weeks brought can be told. ``growing``: the parts of a share whose
    denominator grows over the year too (dossiers received): of such a one it is told which share of what is still to
    come must comply, if as much goes on coming a day as has until now.

    None where value or target is, where the target is reached, or where ``day`` isn't in the year or is its last.
    What is needed is rounded up to 0.01, so that who does as told arrives; what was brought, down.
    """
    if value is None or target is None or value >= target or not year.start <= day < year.last:
        return None
    days_gone, days_left = (day - year.start).days + 1, (year.last - day).days
    return Needed(
        by=year.last,
        per_week=_round_up((Fraction(target) - Fraction(value)) * 7 / days_left),
        so_far_per_week=_round_down(Fraction(value) * 7 / days_gone) if begins_at_zero else None,
        rest_pct=_reckon_rest(growing, Fraction(target), Fraction(days_left, days_gone)) if growing else None,
    )


def _reckon_rest(growing: Share, target: Fraction, growth: Fraction) -> Decimal | None:
    """The share of what is still to come that must comply; ``growth``: what is still to come ÷ what has come."""
    numerator, denominator = Fraction(growing.numerator), Fraction(growing.denominator)
    to_come = denominator * growth
    if to_come <= 0:
        return None
    return _round_up((target * (denominator + to_come) - 100 * numerator) / to_come)


def _round_up(number: Fraction) -> Decimal:
    return Decimal(math.ceil(number * 100)).scaleb(-2)


def _round_down(number: Fraction) -> Decimal:
    return Decimal(math.floor(number * 100)).scaleb(-2)
