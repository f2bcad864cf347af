"""Data dates, date ranges, working days and the close of the budget year.

A day is a calendar day in Asia/Ho_Chi_Minh. The readers of the catalog's files are in ``cchc.catalog``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")

# The local hour at which attainment stops waiting for sources: an ingest begins before it.
ATTAINMENT_HOUR = time(6, 0)

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class DateRange:
    """The days from ``start`` to the day before ``end``, ``[start, end)``; ``end`` None = open.

    A range whose ``end`` is not after its ``start`` holds no day.
    """

    start: date
    end: date | None = None

    @classmethod
    def inclusive(cls, first: date, last: date) -> Self:
        """The days from ``first`` to ``last``, both included; open where ``last`` is date.max."""
        return cls(first, None if last == date.max else last + _ONE_DAY)

    @property
    def last(self) -> date:
        """The last day; date.max of an open range."""
        return date.max if self.end is None else self.end - _ONE_DAY

    @property
    def days(self) -> Iterator[date]:
        """Each day, in order."""
        return (date.fromordinal(number) for number in range(self.start.toordinal(), self.last.toordinal() + 1))

    def contains(self, day: date) -> bool:
        """Whether ``day`` is one of the days."""
        return self.start <= day and (self.end is None or day < self.end)

    def intersection(self, other: DateRange) -> DateRange | None:
        """The days of both, None if there is none."""
        start = max(self.start, other.start)
        ends = [end for end in (self.end, other.end) if end is not None]
        end = min(ends) if ends else None
        return DateRange(start, end) if end is None or start < end else None

    def first_day_outside(self, others: Iterable[DateRange]) -> date | None:
        """The first of the days that lies in none of ``others``, None if they cover all."""
        day = self.start
        for other in sorted(others, key=lambda other: other.start):
            if other.contains(day):
                if other.end is None or (self.end is not None and self.end <= other.end):
                    return None
                day = other.end
        return day


def merge_ranges(ranges: Iterable[DateRange]) -> list[DateRange]:
    """The same days in as few ranges as possible, by first day: overlapping and adjacent ranges are joined."""
    merged: list[DateRange] = []
    for item in sorted(ranges, key=lambda item: item.start):
        newest = merged[-1] if merged else None
        if newest is None or (newest.end is not None and newest.end < item.start):
            merged.append(item)
        elif newest.end is not None and (item.end is None or newest.end < item.end):
            merged[-1] = DateRange(newest.start, item.end)
    return merged


def budget_year_closes_on(year: int) -> date:
    """The last day on which the budget of ``year`` is paid: 31 January of the next year."""
    return date(year + 1, 1, 31)


class InvalidDateError(ValueError):
    """No run may have this data date or a parameter beside it; the message names it and the reason."""


def attainment_deadline(day: date) -> datetime:
    """The time at which attainment of ``day`` waits for no further source: ATTAINMENT_HOUR of the next day."""
    return datetime.combine(day + _ONE_DAY, ATTAINMENT_HOUR, LOCAL)


def newest_complete_day(now: datetime) -> date:
    """The newest day that is over at ``now`` (with time zone)."""
    return now.astimezone(LOCAL).date() - _ONE_DAY


def parse_day(text: str) -> date:
    """A day written YYYY-MM-DD; other forms of ISO 8601 and other texts raise InvalidDateError."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InvalidDateError(f"{text!r} is no day, write it as 2024-06-30")


def check_data_date(day: date, now: datetime, first_day: date | None) -> date:
    """``day``, if it may be a data date: it is over at ``now`` and not before ``first_day``.

    ``first_day``: the first day of the province's earliest plan; None: it isn't known. Raises InvalidDateError.
    """
    newest = newest_complete_day(now)
    if day > newest:
        raise InvalidDateError(f"{day} is not over yet, the newest day that is over is {newest}")
    if first_day is not None and day < first_day:
        raise InvalidDateError(f"{day} is before {first_day}, the first day of the earliest plan")
    return day


def check_trigger(times: Mapping[str, datetime | None], started_at: datetime) -> None:
    """Check a run that has no parameter ``date``: each time of its trigger is on the local day of ``started_at``.

    ``times``: field → time. A time in the 24 hours before ``started_at`` passes too: such a run has waited past
    midnight. Raises InvalidDateError.
    """
    for field, moment in times.items():
        if moment is None or moment.astimezone(LOCAL).date() == started_at.astimezone(LOCAL).date():
            continue
        if not timedelta(0) <= started_at - moment < _ONE_DAY:
            day = moment.astimezone(LOCAL).date()
            raise InvalidDateError(f"its {field} is on {day}, which doesn't set the data date: pass that day as date")


def resolve_days(
    asked: Mapping[str, object], known: Collection[str], partition_key: str | None, newest: date
) -> DateRange:
    """The data dates of a run: its parameter ``date`` (up to ``through``), else its partition, else ``newest``.

    ``asked``: the run's parameters; ``known``: the names of those that its DAG has. Raises InvalidDateError.
    """
    unknown = sorted(set(asked) - set(known))
    if unknown:
        there = f"there are {', '.join(known)}" if known else "it has none"
        raise InvalidDateError(f"unknown parameter {', '.join(unknown)}: {there}")
    given = {name: parse_day(str(asked[name])) for name in ("date", "through") if asked.get(name)}
    partition = parse_day(partition_key) if partition_key else None
    first = given.get("date", partition or newest)
    if partition not in (None, first):
        raise InvalidDateError(f"date {first} beside the partition {partition_key}: give one of them")
    last = given.get("through", first)
    if last < first:
        raise InvalidDateError(
            f"through {last} is before date {first}: give the first day as date, the last as through"
        )
    return DateRange.inclusive(first, last)


def month_just_ended(day: date) -> DateRange | None:
    """The month before that of ``day``, on days 1 to 10 of a month; None on later days."""
    if day.day > 10:
        return None
    end = day.replace(day=1)
    return DateRange((end - _ONE_DAY).replace(day=1), end)


def is_weekend(day: date) -> bool:
    """Whether a day is a Saturday or a Sunday."""
    return day.isoweekday() >= 6


@dataclass(frozen=True)
class WorkingDays:
    """The working days: Monday to Friday without ``days_off``, and the weekend days ``made_up``.

    ``years``: the years whose public holidays are known. In another year every Monday to Friday is a working day.
    """

    years: frozenset[int]
    days_off: frozenset[date]
    made_up: frozenset[date]

    def covers(self, year: int) -> bool:
        """Whether the public holidays of a year are known."""
        return year in self.years

    def is_working(self, day: date) -> bool:
        """Whether a day is a working day."""
        return day in self.made_up or not (is_weekend(day) or day in self.days_off)

    def next(self, day: date) -> date:
        """The first working day from ``day`` on: ``day`` itself if it is one."""
        while not self.is_working(day):
            day += _ONE_DAY
        return day

    def add(self, day: date, count: int) -> date:
        """The ``count``-th working day after ``day``, whether or not ``day`` is one; ``count`` 0: ``day``."""
        for _ in range(count):
            day = self.next(day + _ONE_DAY)
        return day
