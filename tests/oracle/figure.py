"""What the oracle knows of a figure, and of the sources that report it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
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
    """The facts of a source, as known after the last night. ``is_increment``: a figure adds to those before it."""

    is_increment: bool

    def list_figures(self, metric: str) -> Iterator[tuple[str, int, Figure]]:
        """All figures of a metric: agency, the year that a figure belongs to, the figure."""


def add_up(figures: Collection[Figure]) -> Figure:
    """The parts summed; as new as the newest."""
    return Figure(
        sum((figure.numerator for figure in figures), Fraction()),
        sum((figure.denominator or Fraction() for figure in figures), Fraction()),
        max(figure.data_date for figure in figures),
        max(figure.fresh_until for figure in figures),
        frozenset().union(*(figure.flags for figure in figures)),
    )
