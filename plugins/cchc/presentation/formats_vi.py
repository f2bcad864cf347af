"""Numbers and days in Vietnamese notation: 1.234,56, a real minus sign, dd/mm/yyyy. Pure functions, for every output.

Results are compared unrounded, so no rounded number may equal or pass the number that it is compared with.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

NOTHING = "–"
MAX_PLACES = 9  # a number with more decimals is a fraction that never ends, cut off

_SEPARATORS = str.maketrans({",": ".", ".": ",", "-": "−"})
_SIGNS = {"<=": "≤", ">=": "≥"}


def format_number(value: Decimal | None, places: int = 2, rounding: str = ROUND_HALF_UP) -> str:
    """``value`` with ``places`` decimals; – for None."""
    return NOTHING if value is None else _write(_round(value, places, rounding))


def format_beside(value: Decimal | None, *others: Decimal | None, places: int = 2) -> str:
    """``value`` for comparison with ``others``: with more decimals where rounding would change how it compares.

    89.996 beside 90 is 89,996, because 90,00 would reach the target; 90 beside 90 is 90,00. None in ``others`` is
    ignored. A number equal to ``value`` asks for all its decimals, except for those of a fraction that never ends.
    """
    return NOTHING if value is None else _write(round_beside(value, *others, places=places))


def round_beside(value: Decimal, *others: Decimal | None, places: int = 2) -> Decimal:
    """``value`` as ``format_beside`` shows it."""
    against = [other for other in others if other is not None and (other != value or _ends(value))]
    while any(_round(value, places).compare(other) != value.compare(other) for other in against):
        places += 1
    return _round(value, places)


def format_difference(value: Decimal, other: Decimal, *bounds: Decimal | None) -> str:
    """The distance between two values as shown beside ``bounds``: 82,75 − 79,97 is 2,78, whatever was rounded off.

    Values that look equal and differ give what they differ by.
    """
    shown = abs(round_beside(value, *bounds) - round_beside(other, *bounds))
    return _write(shown) if shown else format_beside(abs(value - other), Decimal(0))


def format_signed(value: Decimal) -> str:
    """A difference with its sign: +0,50, −1,30; 0,00 for zero alone."""
    return f"{'+' if value > 0 else ''}{format_beside(value, Decimal(0))}"


def format_exact(value: Decimal | None) -> str:
    """All decimals of ``value`` without trailing zeros: 45, 9,5; – for None."""
    return NOTHING if value is None else _write(value.normalize())


def format_target(comparator: str | None, target: Decimal | None) -> str:
    """A target as the plan sets it, unrounded: ≥ 45, > 90; – without one."""
    if target is None:
        return NOTHING
    return f"{_SIGNS.get(comparator or '', comparator or '')} {format_exact(target)}".lstrip()


def format_day(day: date | None) -> str:
    """A day as 30/06/2024; – for None."""
    return NOTHING if day is None else f"{day:%d/%m/%Y}"


def _ends(value: Decimal) -> bool:
    return value == _round(value, MAX_PLACES)


def _round(value: Decimal, places: int, rounding: str = ROUND_HALF_UP) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding)


def _write(value: Decimal) -> str:
    return f"{value + 0:,f}".translate(_SEPARATORS)  # + 0: zero has no minus sign
