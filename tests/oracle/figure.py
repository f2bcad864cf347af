"""What the oracle knows of a figure, and how it reads a number off the wire."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

Record = dict[str, Any]


class Figure(NamedTuple):
    """Parts as measured for one agency, the day they describe and the last day on which they are inside the delay."""

    numerator: Fraction
    denominator: Fraction | None
    data_date: date
    fresh_until: date
    flags: frozenset[str] = frozenset()


class Source(Protocol):
    """The facts of a source, as known after the last night."""

    def find(self, metric: str, agency: str, year: int, day: date) -> Figure | None:
        """The figures of ``year`` for ``agency`` at the end of ``day``; None where there is none."""


def add_up(figures: Collection[Figure]) -> Figure:
    """The parts summed; as new as the newest."""
    return Figure(
        sum((figure.numerator for figure in figures), Fraction()),
        sum((figure.denominator or Fraction() for figure in figures), Fraction()),
        max(figure.data_date for figure in figures),
        max(figure.fresh_until for figure in figures),
        frozenset().union(*(figure.flags for figure in figures)),
    )


def read_number(cell: object) -> Fraction | None:
    """A number exactly; a text is Vietnamese (1.234,5). None where it is no number."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return Fraction(str(cell))
    if not isinstance(cell, str):
        return None
    whole, comma, decimals = cell.strip().partition(",")
    first, *groups = whole.split(".")
    digits = "".join([first.removeprefix("-"), *groups, decimals])
    is_grouped = all(len(group) == 3 for group in groups)
    if not digits.isdecimal() or not is_grouped or (comma and not decimals):
        return None
    return Fraction(f"{first}{''.join(groups)}.{decimals or 0}")
