"""Windows: what one night asks of a source, piece by piece."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Literal, Self

from cchc.calendar import DateRange, budget_year_closes_on, merge_ranges, month_just_ended
from cchc.fields.written_text import make_printable

Kind = Literal["year", "month", "days", "file"]


@dataclass(frozen=True)
class Window:
    """One question to a source, or one file of the inbox. Both dates are included.

    ``entity``: what is asked for, an endpoint's name. ``key`` and ``origin``: SHA-256 and address of a file, whose
    dates are the day of the night that first saw it.
    """

    entity: str
    period: Kind
    start: date
    end: date
    key: str = ""
    origin: str = ""

    @property
    def name(self) -> str:
        """Name for folders and people: ``dossier-digitized.2024-08``, ``van-ban.2024-01-01_2024-03-31``."""
        match self.period:
            case "year":
                return f"{self.entity}.{self.start:%Y}"
            case "month":
                return f"{self.entity}.{self.start:%Y-%m}"
            case "days":
                return f"{self.entity}.{self.start}_{self.end}"
            case "file":
                return f"{self.entity}.file-{self.key}"

    @property
    def label(self) -> str:
        """Name for Airflow's pages, logs and errors: of a file, the file's, on one line."""
        return make_printable(self.origin.rpartition("/")[2]) or self.name

    def filed_on(self, night: date) -> date:
        """The day under which its bytes are archived in the night of ``night``."""
        return self.start if self.period == "file" else night

    def to_message(self) -> dict[str, str]:
        """As plain text values, for the next task."""
        return {**{name: str(value) for name, value in asdict(self).items()}, "name": self.name}

    @classmethod
    def from_message(cls, message: dict[str, str]) -> Self:
        """The window that ``to_message`` told of."""
        told: dict[str, Any] = {name: message[name] for name in cls.__dataclass_fields__}
        return cls(**told | {name: date.fromisoformat(message[name]) for name in ("start", "end")})


def plan_year_and_month(entities: Iterable[str], day: date) -> list[Window]:
    """The year of ``day`` for every entity and, on days 1 to 10, the month just ended."""
    entities = list(entities)
    windows = [Window(entity, "year", date(day.year, 1, 1), date(day.year, 12, 31)) for entity in entities]
    month = month_just_ended(day)
    if month:
        windows += [Window(entity, "month", month.start, month.last) for entity in entities]
    return windows


def plan_budget_years(entity: str, day: date) -> list[Window]:
    """Every budget year that is open on ``day``, the oldest first: one closes on 31 January of the next year."""
    years = [year for year in (day.year - 1, day.year) if day <= budget_year_closes_on(year)]
    return [Window(entity, "year", date(year, 1, 1), day) for year in years]


def plan_days(
    entity: str, day: date, complete: Iterable[DateRange], reread_days: int, longest_days: int
) -> list[Window]:
    """What has to be read of a source of days so that it is complete to ``day``, in windows of ``longest_days``.

    ``complete``: the days of the windows that earlier nights have published. From 1 January without any;
    else from the day after the last complete one, and ``reread_days`` before it once more: a day may be corrected so
    much later.
    """
    new_year = date(day.year, 1, 1)
    first, last = new_year, new_year - timedelta(days=1)
    for known in merge_ranges(complete):
        if known.start <= new_year:  # the newest that reaches back so far: a gap over New Year is a gap like others
            first, last = known.start, min(known.last, day - timedelta(days=1))
    start = max(first, last + timedelta(days=1 - reread_days)) if last >= first else new_year
    return list(_cut(entity, start, day, longest_days))


def parse_window(name: str, filed_on: date) -> Window | None:
    """The window of a folder of the archive; None for a period that every night plans by itself."""
    if found := re.fullmatch(r"(.+)\.(\d{4}-\d\d-\d\d)_(\d{4}-\d\d-\d\d)", name):
        return Window(found[1], "days", date.fromisoformat(found[2]), date.fromisoformat(found[3]))
    if found := re.fullmatch(r"(.+)\.file-([0-9a-f]{64})", name):
        return Window(found[1], "file", filed_on, filed_on, key=found[2])
    return None


def _cut(entity: str, start: date, end: date, longest_days: int) -> Iterator[Window]:
    while start <= end:
        last = min(end, start + timedelta(days=longest_days - 1))
        yield Window(entity, "days", start, last)
        start = last + timedelta(days=1)
