"""The oracle's value of a metric, and the protocol of the sources that report values."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

Record = dict[str, Any]


class MetricValue(NamedTuple):
    """Both parts of a metric for one agency, the day that they describe, and the last day on which they are fresh."""

    numerator: Fraction
    denominator: Fraction | None
    data_date: date
    fresh_until: date
    flags: frozenset[str] = frozenset()


class Source(Protocol):
    """All that a source has reported until a data date. ``is_increment``: a value adds to those before it."""

    is_increment: bool

    def list_values(self, metric: str) -> Iterator[tuple[str, int, MetricValue]]:
        """Every value of a metric, with its agency and the year to which it belongs."""


def add_up(values: Collection[MetricValue]) -> MetricValue:
    """The sum of each part; its day is that of the newest value."""
    return MetricValue(
        sum((value.numerator for value in values), Fraction()),
        sum((value.denominator or Fraction() for value in values), Fraction()),
        max(value.data_date for value in values),
        max(value.fresh_until for value in values),
        frozenset().union(*(value.flags for value in values)),
    )
