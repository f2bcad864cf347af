"""The house's calendar: a day is a calendar day in Asia/Ho_Chi_Minh (rulings.md, Days)."""

from __future__ import annotations

from collections.abc import Iterable
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


def described_day(captured_at: datetime) -> date:
    """The day that a snapshot captured at ``captured_at`` (with time zone) describes, at its end."""
    return (captured_at.astimezone(LOCAL) - PORTAL_RENEWS_AFTER).date() - timedelta(days=1)


def attainment_deadline(day: date) -> datetime:
    """The hour by which the night of ``day`` is computed with what there is: 06:00 of the next day, local."""
    return datetime.combine(day + timedelta(days=1), ATTAINMENT_HOUR, LOCAL)


def newest_complete_day(now: datetime) -> date:
    """The newest day that is over at ``now`` (with time zone)."""
    return now.astimezone(LOCAL).date() - timedelta(days=1)


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
