"""Figures as Vietnamese readers write them: 1.234,56, a real minus, dd/mm/yyyy. Pure functions, for every output.

A figure is compared unrounded, so none may be rounded onto, or across, what it is compared with.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

NOTHING = "–"
MAX_PLACES = 9  # a figure with more of them is a fraction cut off

_SEPARATORS = str.maketrans({",": ".", ".": ",", "-": "−"})
_SIGNS = {"<=": "≤", ">=": "≥"}


def format_number(value: Decimal | None, places: int = 2, rounding: str = ROUND_HALF_UP) -> str:
    """``value`` with so many decimals; – of None."""
    return NOTHING if value is None else _write(_round(value, places, rounding))


def format_beside(value: Decimal | None, *others: Decimal | None, places: int = 2) -> str:
    """``value`` to be read beside ``others``: with as many decimals more as it takes to be on the same side of each.

    89.996 beside 90 is 89,996 and not the 90,00 that it misses; 90 beside 90 is 90,00. None among others: no figure.
    What equals it asks for its own decimals, but not for those of a fraction that never ends.
    """
    if value is None:
        return NOTHING
    against = [other for other in others if other is not None and (other != value or _ends(value))]
    while any(_round(value, places).compare(other) != value.compare(other) for other in against):
        places += 1
    return _write(_round(value, places))


def format_signed(value: Decimal) -> str:
    """A difference with its sign: +0,50, −1,30; 0,00 only of none at all."""
    return f"{'+' if value > 0 else ''}{format_beside(value, Decimal(0))}"


def format_exact(value: Decimal | None) -> str:
    """All decimals that ``value`` has, and no zero behind them: 45, 9,5; – of None."""
    return NOTHING if value is None else _write(value.normalize())


def format_target(comparator: str | None, target: Decimal | None) -> str:
    """A target as the plan sets it, unrounded: ≥ 45, > 90; – where there is none."""
    if target is None:
        return NOTHING
    return f"{_SIGNS.get(comparator or '', comparator or '')} {format_exact(target)}".lstrip()


def format_day(day: date | None) -> str:
    """A day, 30/06/2024; – of None."""
    return NOTHING if day is None else f"{day:%d/%m/%Y}"


def _ends(value: Decimal) -> bool:
    return value == _round(value, MAX_PLACES)


def _round(value: Decimal, places: int, rounding: str = ROUND_HALF_UP) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding)


def _write(value: Decimal) -> str:
    return f"{value + 0:,f}".translate(_SEPARATORS)  # + 0: no zero has a minus
