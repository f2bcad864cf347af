"""Which days are worked: the weekends and the public holidays of include/catalog/holidays.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from cchc.catalog.model import Day, Year
from cchc.mistake import CatalogError, Mistake, explain_error, field_path
from cchc.strict_yaml import Text, read_document

HOLIDAYS_FILE = "holidays.yaml"

_ONE_DAY = timedelta(days=1)
_LONGEST_BREAK = timedelta(days=31)


def _is_weekend(day: date) -> bool:
    return day.isoweekday() >= 6


def _falls_on_weekend(day: date) -> date:
    if not _is_weekend(day):
        raise ValueError("is no Saturday or Sunday and so worked anyway")
    return day


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Break(_Record):
    """Days off from ``first`` to ``last``, both included. ``made_up_on``: the weekend days worked instead."""

    name_vi: Text
    first: Day
    last: Day
    made_up_on: tuple[Annotated[Day, AfterValidator(_falls_on_weekend)], ...] = ()
    source_vi: Text

    @field_validator("last")
    @classmethod
    def _follows_first(cls, last: date, told: ValidationInfo) -> date:
        first = told.data.get("first", last)
        if not first <= last <= first + _LONGEST_BREAK:
            raise ValueError(f"is before the first day, {first}, or more than a month after it")
        return last

    @property
    def days(self) -> list[date]:
        """The days off."""
        return [self.first + timedelta(days=offset) for offset in range((self.last - self.first).days + 1)]


class Holidays(_Record):
    """The file. ``years``: those that are there in full."""

    years: tuple[Year, ...]
    breaks: tuple[Break, ...]


@dataclass(frozen=True)
class WorkingDays:
    """The calendar. In a year that it doesn't cover, every Monday to Friday counts as worked."""

    years: frozenset[int]
    days_off: frozenset[date]
    made_up: frozenset[date]

    def covers(self, year: int) -> bool:
        """Whether the public holidays of a year are known."""
        return year in self.years

    def is_working(self, day: date) -> bool:
        """Whether a day is worked."""
        return day in self.made_up or not (_is_weekend(day) or day in self.days_off)

    def next(self, day: date) -> date:
        """The first working day from ``day`` on: ``day`` itself if it is one."""
        while not self.is_working(day):
            day += _ONE_DAY
        return day

    def add(self, day: date, count: int) -> date:
        """The ``count``-th working day after ``day``, which itself may be one or not; ``count`` 0: ``day``."""
        for _ in range(count):
            day = self.next(day + _ONE_DAY)
        return day


def read_working_days(folder: Path) -> WorkingDays:
    """Read holidays.yaml of the catalog's ``folder``. Every mistake found is told at once, in one CatalogError."""
    mistakes: list[Mistake] = []
    document = read_document(folder / HOLIDAYS_FILE, mistakes)
    holidays = _parse(document, mistakes) if document is not None else None
    if holidays:
        mistakes += _check(holidays)
    if holidays is None or mistakes:
        raise CatalogError(mistakes)
    return WorkingDays(
        years=frozenset(holidays.years),
        days_off=frozenset(day for item in holidays.breaks for day in item.days),
        made_up=frozenset(day for item in holidays.breaks for day in item.made_up_on),
    )


def _parse(document: dict[str, Any], mistakes: list[Mistake]) -> Holidays | None:
    try:
        return Holidays.model_validate(document)
    except ValidationError as refusal:
        for error in refusal.errors():
            entry, within = _find_entry(document, error["loc"])
            mistakes.append(Mistake(HOLIDAYS_FILE, entry, field_path(within), explain_error(error)))
        return None


def _find_entry(document: dict[str, Any], location: Sequence[int | str]) -> tuple[str, Sequence[int | str]]:
    """The entry that a pydantic location lies in, by its first day, and the rest of the location."""
    match location:
        case ("breaks", int(position), *within) if within:
            return f"break {document['breaks'][position].get('first', position + 1)}", within
        case _:
            return "", location


def _check(holidays: Holidays) -> Iterator[Mistake]:
    """What only shows between breaks."""
    begun = {year for item in holidays.breaks for year in (item.first.year, item.last.year)}
    for year in sorted(set(holidays.years) - begun):
        yield Mistake(HOLIDAYS_FILE, "", "years", f"{year} has no break, add all that it has or take the year out")
    off_since: dict[date, date] = {}  # day off → first day of its break
    for item in holidays.breaks:
        entry = f"break {item.first}"
        if not {item.first.year, item.last.year} & set(holidays.years):
            yield Mistake(HOLIDAYS_FILE, entry, "first", f"{item.first.year} is not one of years, add it there")
        shared = [day for day in item.days if day in off_since]
        if shared:
            text = f"{shared[0]} is a day of the break {off_since[shared[0]]} too, keep one"
            yield Mistake(HOLIDAYS_FILE, entry, "first", text)
        off_since.update(dict.fromkeys(item.days, item.first))
    for item in holidays.breaks:
        for day in item.made_up_on:
            if day in off_since:
                text = f"{day} is off in the break {off_since[day]}, it can't be worked as well"
                yield Mistake(HOLIDAYS_FILE, f"break {item.first}", "made_up_on", text)
