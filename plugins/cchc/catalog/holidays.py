"""The working days, read from the public holidays of include/catalog/holidays.yaml.

The type WorkingDays and its arithmetic are in ``cchc.calendar``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from cchc.calendar import DateRange, WorkingDays, is_weekend
from cchc.catalog.model import Day, Year
from cchc.mistake import CatalogError, Mistake, explain_error, field_path
from cchc.strict_yaml import Text, read_document

HOLIDAYS_FILE = "holidays.yaml"

_MAX_BREAK = timedelta(days=31)


def _falls_on_weekend(day: date) -> date:
    if not is_weekend(day):
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
    def _follows_first(cls, last: date, fields: ValidationInfo) -> date:
        first = fields.data.get("first", last)
        if not first <= last <= first + _MAX_BREAK:
            raise ValueError(f"is before the first day, {first}, or more than a month after it")
        return last

    @property
    def days(self) -> list[date]:
        """The days off."""
        return list(DateRange.inclusive(self.first, self.last).days)


class Holidays(_Record):
    """The file. ``years``: those whose breaks are complete."""

    years: tuple[Year, ...]
    breaks: tuple[Break, ...]


def read_working_days(folder: Path) -> WorkingDays:
    """The working days by holidays.yaml in ``folder``. One CatalogError holds every mistake of the file."""
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
    except ValidationError as failure:
        for error in failure.errors():
            entry, within = _find_entry(document, error["loc"])
            mistakes.append(Mistake(HOLIDAYS_FILE, entry, field_path(within), explain_error(error)))
        return None


def _find_entry(document: dict[str, Any], location: Sequence[int | str]) -> tuple[str, Sequence[int | str]]:
    """The break that a pydantic location is in, by its first day, and the rest of the location."""
    match location:
        case ("breaks", int(position), *within) if within:
            return f"break {document['breaks'][position].get('first', position + 1)}", within
        case _:
            return "", location


def _check(holidays: Holidays) -> Iterator[Mistake]:
    """Mistakes between breaks: years without any, days in two breaks, days off that are made up."""
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
