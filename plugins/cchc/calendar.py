"""The house's calendar: a day is a calendar day in Asia/Ho_Chi_Minh."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")

# The portal renews its figures at about 02:00: what it answers before that still describes the day before yesterday.
PORTAL_RENEWS_AFTER = timedelta(hours=2)

ATTAINMENT_HOUR = time(6, 0)


@dataclass(frozen=True)
class DayRange:
    """Days from first to last, both included."""

    first: date
    last: date


class DateRefusedError(ValueError):
    """A data date, or a parameter beside it, that no run may have; the message says which and why."""


def described_day(captured_at: datetime) -> date:
    """The day that a snapshot captured at ``captured_at`` (with time zone) describes, at its end."""
    return (captured_at.astimezone(LOCAL) - PORTAL_RENEWS_AFTER).date() - timedelta(days=1)


def attainment_deadline(day: date) -> datetime:
    """The hour by which the night of ``day`` is computed with what there is: 06:00 of the next day, local."""
    return datetime.combine(day + timedelta(days=1), ATTAINMENT_HOUR, LOCAL)


def newest_complete_day(now: datetime) -> date:
    """The newest day that is over at ``now`` (with time zone)."""
    return now.astimezone(LOCAL).date() - timedelta(days=1)


def parse_day(text: str) -> date:
    """A day written YYYY-MM-DD, in no other of the ways that ISO 8601 has; raises DateRefusedError."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise DateRefusedError(f"{text!r} is no day, write it as 2024-06-30")


def check_data_date(day: date, now: datetime, first_day: date | None) -> date:
    """``day``, if a run may be for it: it is over at ``now``, and the province has had a plan by then.

    ``first_day``: the first day of the province's earliest plan; None: it isn't known. Raises DateRefusedError.
    """
    newest = newest_complete_day(now)
    if day > newest:
        raise DateRefusedError(f"{day} is not over yet, the newest day that is over is {newest}")
    if first_day is not None and day < first_day:
        raise DateRefusedError(f"{day} is before {first_day}, the first day of the earliest plan")
    return day


def check_trigger(named: Mapping[str, datetime | None], begun: datetime) -> None:
    """Of a run that is given no ``date``: that no hour which its trigger names lies on another day than ``begun``.

    ``named``: field → hour. An hour of the 24 before ``begun`` is well: such a run has waited over midnight. Raises
    DateRefusedError.
    """
    for field, hour in named.items():
        if hour is None or hour.astimezone(LOCAL).date() == begun.astimezone(LOCAL).date():
            continue
        if not timedelta(0) <= begun - hour < timedelta(days=1):
            day = hour.astimezone(LOCAL).date()
            raise DateRefusedError(f"its {field} is on {day}, which says nothing of its day: give that as date")


def resolve_days(
    asked: Mapping[str, object], known: Collection[str], partition_key: str | None, newest: date
) -> DayRange:
    """The days that a run is for: its parameter ``date`` (up to ``through``), else its partition, else ``newest``.

    ``asked``: its parameters, ``known``: the names of those that its DAG has. Raises DateRefusedError.
    """
    unknown = sorted(set(asked) - set(known))
    if unknown:
        there = f"there are {', '.join(known)}" if known else "it has none"
        raise DateRefusedError(f"unknown parameter {', '.join(unknown)}: {there}")
    given = {name: parse_day(str(asked[name])) for name in ("date", "through") if asked.get(name)}
    partition = parse_day(partition_key) if partition_key else None
    first = given.get("date", partition or newest)
    if partition not in (None, first):
        raise DateRefusedError(f"date {first} beside the partition {partition_key}: give one of them")
    last = given.get("through", first)
    if last < first:
        raise DateRefusedError(
            f"through {last} is before date {first}: give the first day as date, the last as through"
        )
    return DayRange(first, last)


def month_just_ended(day: date) -> tuple[date, date] | None:
    """First and last day of the month before ``day``'s, asked for on days 1 to 10; None on later days."""
    if day.day > 10:
        return None
    last = day.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


def merge_ranges(ranges: Iterable[DayRange]) -> list[DayRange]:
    """The same days in as few ranges as can be, in order; neighbours are joined."""
    merged: list[DayRange] = []
    for item in sorted(ranges, key=lambda item: item.first):
        if merged and item.first.toordinal() <= merged[-1].last.toordinal() + 1:
            merged[-1] = DayRange(merged[-1].first, max(merged[-1].last, item.last))
        else:
            merged.append(item)
    return merged
