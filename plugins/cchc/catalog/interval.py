"""A stretch of days with an open or closed end; everything in the catalog that is valid for a time has one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, order=True)
class Interval:
    """The days from ``start`` to the day before ``end``; ``end`` None = open."""

    start: date
    end: date | None = None

    def contains(self, day: date) -> bool:
        """Whether ``day`` is one of the days."""
        return self.start <= day and (self.end is None or day < self.end)

    def intersection(self, other: Interval) -> Interval | None:
        """The days of both, None if there is none."""
        start = max(self.start, other.start)
        ends = [end for end in (self.end, other.end) if end is not None]
        end = min(ends) if ends else None
        return Interval(start, end) if end is None or start < end else None

    def first_day_outside(self, others: Iterable[Interval]) -> date | None:
        """The first of the days that lies in none of ``others``, None if they cover all."""
        day = self.start
        for other in sorted(others, key=lambda interval: interval.start):
            if other.contains(day):
                if other.end is None or (self.end is not None and self.end <= other.end):
                    return None
                day = other.end
        return day


def unite(intervals: Iterable[Interval]) -> list[Interval]:
    """The same days as few intervals, by first day: none overlaps or touches the next."""
    united: list[Interval] = []
    for interval in sorted(intervals, key=lambda interval: interval.start):
        last = united[-1] if united else None
        if last is None or (last.end is not None and last.end < interval.start):
            united.append(interval)
        elif last.end is not None and (interval.end is None or last.end < interval.end):
            united[-1] = Interval(last.start, interval.end)
    return united
