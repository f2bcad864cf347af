"""What the oracle knows of a figure, and of the sources that report it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple, Protocol, runtime_checkable

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


@runtime_checkable
class DailySource(Source, Protocol):
    """A source whose figures of a year are the sum of what each day adds."""

    def pool(self, metric: str, counted: Callable[[date], Collection[str]], year: int, day: date) -> Figure | None:
        """What the agencies added that were ``counted`` on the day of the event."""


def add_up(figures: Collection[Figure]) -> Figure:
    """The parts summed; as new as the newest."""
    return Figure(
        sum((figure.numerator for figure in figures), Fraction()),
        sum((figure.denominator or Fraction() for figure in figures), Fraction()),
        max(figure.data_date for figure in figures),
        max(figure.fresh_until for figure in figures),
        frozenset().union(*(figure.flags for figure in figures)),
    )
