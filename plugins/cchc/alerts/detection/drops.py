"""Unusual falls of a value that still attains its target: a day is compared with the days before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from statistics import median

from cchc.alerts.detection.episodes import Observation
from cchc.alerts.rules import DropRule


@dataclass(frozen=True, slots=True)
class Point:
    """A judged value of a data date, in the indicator's unit."""

    day: date
    value: Decimal
    is_attained: bool


def observe_drops(points: Sequence[Point], rule: DropRule) -> list[Observation]:
    """An observation for each point of a series by day: bad where the value fell unusually and still attains.

    A fall over missing days is divided by their number before it is compared with daily changes.
    """
    if not points:
        return []
    observations = [Observation(points[0].day, is_good=True)]
    changes: list[tuple[date, Decimal]] = []
    for before, after in pairwise(points):
        daily = (after.value - before.value) / (after.day - before.day).days
        known = [abs(change) for day, change in changes if (after.day - day).days <= rule.days]
        is_unusual = (
            after.is_attained
            and may_be_drop(before.value, after, rule)
            and len(known) >= rule.least_changes
            and -daily > rule.times_median * median(known)
        )
        observations.append(Observation(after.day, not is_unusual))
        changes.append((after.day, daily))
    return observations


def may_be_drop(value_before: Decimal, point: Point, rule: DropRule) -> bool:
    """Whether a point fell far enough to be compared with its history."""
    return point.is_attained and value_before - point.value >= rule.least_points
