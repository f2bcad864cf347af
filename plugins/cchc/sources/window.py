"""The scope of a load: a window asked of a source, or a file of the inbox; and the plans of windows for a data date.

``Window`` and ``FileScope`` share the attributes that the archive and the ledger need:

- ``entity``, ``start``, ``end``: as in ops.load; both dates are included;
- ``name``: the folder in the archive, a part of the load's id; ``label``: the name for logs and Airflow's pages;
- ``key``: the content hash by which the ledger knows the scope before it is read; "" for a window;
- ``final_statuses``: the ledger's statuses after which nothing is left to do;
- ``archive_day(day)``: the day under which a run for ``day`` archives its bytes;
- ``to_reference()``: plain text values for the next task, which ``read_scope`` reads.

Asking belongs to the protocols, finding files to ``inbox``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar, Literal, Self, get_args

from cchc.calendar import DateRange, budget_year_closes_on, merge_ranges, month_just_ended
from cchc.fields.written_text import make_printable

Period = Literal["year", "month", "days"]


@dataclass(frozen=True)
class Window:
    """A period asked of a source; ``entity`` is the endpoint's name. Both dates are included."""

    entity: str
    period: Period
    start: date
    end: date
    key: ClassVar[str] = ""
    final_statuses: ClassVar[tuple[str, ...]] = ("published",)

    @property
    def name(self) -> str:
        """The name of its folder: ``dossier-digitized.2024-08``, ``van-ban.2024-01-01_2024-03-31``."""
        match self.period:
            case "year":
                return f"{self.entity}.{self.start:%Y}"
            case "month":
                return f"{self.entity}.{self.start:%Y-%m}"
            case "days":
                return f"{self.entity}.{self.start}_{self.end}"

    @property
    def label(self) -> str:
        """The name for Airflow's pages, logs and errors."""
        return self.name

    def archive_day(self, day: date) -> date:
        """The data date of the run."""
        return day

    def to_reference(self) -> dict[str, str]:
        """Plain text values, for the next task."""
        dates = {"start": str(self.start), "end": str(self.end)}
        return {"entity": self.entity, "period": self.period, **dates, "name": self.name}

    @classmethod
    def from_reference(cls, reference: Mapping[str, str]) -> Self:
        """The window that ``to_reference`` describes. Raises ValueError for an unknown period."""
        (period,) = [period for period in get_args(Period) if period == reference["period"]]
        return cls(
            reference["entity"], period, date.fromisoformat(reference["start"]), date.fromisoformat(reference["end"])
        )

    @classmethod
    def from_name(cls, name: str) -> Self | None:
        """The window of days that a folder of the archive is named after; None for a year or a month.

        Every run plans years and months from its data date alone.
        """
        found = re.fullmatch(r"(.+)\.(\d{4}-\d\d-\d\d)_(\d{4}-\d\d-\d\d)", name)
        return cls(found[1], "days", date.fromisoformat(found[2]), date.fromisoformat(found[3])) if found else None


@dataclass(frozen=True)
class FileScope:
    """A file of the inbox, filed under a data date.

    ``key``: the SHA-256 of its bytes. ``seen_on``: the data date of the run that first saw it. ``address``: where it
    lay, "" where only the archive is known.
    """

    entity: str
    key: str
    seen_on: date
    address: str = ""
    period: ClassVar[None] = None
    final_statuses: ClassVar[tuple[str, ...]] = ("published", "stopped")

    @property
    def name(self) -> str:
        """The name of its folder: ``return.file-<SHA-256>``."""
        return f"{self.entity}.file-{self.key}"

    @property
    def label(self) -> str:
        """The file's own name, on one line, for Airflow's pages, logs and errors."""
        return make_printable(self.address.rpartition("/")[2]) or self.name

    @property
    def start(self) -> date:
        """``seen_on``."""
        return self.seen_on

    @property
    def end(self) -> date:
        """``seen_on``."""
        return self.seen_on

    def archive_day(self, _day: date) -> date:
        """``seen_on``, for every run."""
        return self.seen_on

    def to_reference(self) -> dict[str, str]:
        """Plain text values, for the next task."""
        return {
            "entity": self.entity,
            "key": self.key,
            "seen_on": str(self.seen_on),
            "address": self.address,
            "name": self.name,
        }

    @classmethod
    def from_reference(cls, reference: Mapping[str, str]) -> Self:
        """The file that ``to_reference`` describes."""
        return cls(
            reference["entity"], reference["key"], date.fromisoformat(reference["seen_on"]), reference["address"]
        )

    @classmethod
    def from_name(cls, name: str, seen_on: date) -> Self | None:
        """The file that a folder of the archive is named after; None for a folder of another name."""
        found = re.fullmatch(r"(.+)\.file-([0-9a-f]{64})", name)
        return cls(found[1], found[2], seen_on) if found else None


LoadScope = Window | FileScope


def read_scope(reference: Mapping[str, str]) -> LoadScope:
    """The window or file that ``to_reference`` describes, as one task hands it to the next."""
    return Window.from_reference(reference) if "period" in reference else FileScope.from_reference(reference)


def plan_year_and_month(entities: Iterable[str], day: date) -> list[Window]:
    """The year of ``day`` for every entity and, on days 1 to 10, the month just ended."""
    entities = list(entities)
    windows = [Window(entity, "year", date(day.year, 1, 1), date(day.year, 12, 31)) for entity in entities]
    month = month_just_ended(day)
    if month:
        windows += [Window(entity, "month", month.start, month.last) for entity in entities]
    return windows


def plan_budget_years(entity: str, day: date) -> list[Window]:
    """Every budget year that is open on ``day``, the oldest first: each closes on 31 January of the next year."""
    years = [year for year in (day.year - 1, day.year) if day <= budget_year_closes_on(year)]
    return [Window(entity, "year", date(year, 1, 1), day) for year in years]


def plan_days(entity: str, day: date, complete: Iterable[DateRange], reread_days: int, max_days: int) -> list[Window]:
    """The days to ask for so that the source is complete to ``day``, in windows of at most ``max_days``.

    ``complete``: the days of the windows that runs for earlier data dates have published. Without any, the plan begins
    on 1 January; else ``reread_days`` before the end of the complete days, because a source corrects so many days.
    """
    new_year = date(day.year, 1, 1)
    first, last = new_year, new_year - timedelta(days=1)
    for known in merge_ranges(complete):
        if known.start <= new_year:  # the newest that reaches back so far: a gap over New Year is a gap like others
            first, last = known.start, min(known.last, day - timedelta(days=1))
    start = max(first, last + timedelta(days=1 - reread_days)) if last >= first else new_year
    return list(_cut(entity, start, day, max_days))


def _cut(entity: str, start: date, end: date, max_days: int) -> Iterator[Window]:
    while start <= end:
        last = min(end, start + timedelta(days=max_days - 1))
        yield Window(entity, "days", start, last)
        start = last + timedelta(days=1)
