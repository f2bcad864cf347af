"""``DATE=…`` of the commands: reading of a day that a person types."""

from __future__ import annotations

from datetime import date

from cchc.calendar import InvalidDateError, check_data_date, parse_day
from cchc.catalog.first_day import read_first_day
from cchc.local import LocalError
from cchc.settings import read_now, read_settings


def read_day(text: str, example: str, variable: str = "DATE") -> date:
    """The day that ``text`` writes; raises LocalError with the ``example``."""
    try:
        return parse_day(text)
    except InvalidDateError:
        raise LocalError(f"{variable}={text!r} is no day: {example}") from None


def read_data_date(text: str, example: str) -> date:
    """The data date that ``text`` writes; raises LocalError with the ``example`` where no run may have it."""
    settings = read_settings()
    day = read_day(text, example)
    try:
        return check_data_date(day, read_now(), read_first_day(settings.catalog, settings.province))
    except InvalidDateError as error:
        raise LocalError(f"DATE={text}: {error}. Nothing was stored: {example}") from None
