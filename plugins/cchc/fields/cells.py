"""The values of a cell of a sent file: plain ones and three kinds of their own, and how people see them.

A plain value is str, int, float, Decimal, bool, datetime, date, time, timedelta or None. Their meaning for a field is
``field_map``'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from cchc.fields.written_text import INVISIBLE
from cchc.messages import read_messages

MESSAGES = read_messages("fields")
MAX_SHOWN = 80  # characters
# Errors in text files: #DIV/0!, #NAME?, #FIELD!, #N/A, LibreOffice's Err:502, Google's Loading... A workbook has a type
# for cells with errors; this is for cells that have lost it.
ERROR_TEXT = re.compile(r"#[A-Z][A-Z0-9/_]{2,20}[!?]|#N/A|#GETTING_DATA|#BUSY|Err:[0-9]{3}|Loading\.\.\.")


MAX_SERIAL = 74_000  # a greater number is no day of this or the last century


class Calendar(NamedTuple):
    """The numbering of a workbook's days: its day 0, and the first serial number that is a day."""

    day_zero: date
    first_serial: int

    def find_day(self, serial: int) -> date | None:
        """The day of a serial number whose cell has lost its format; None where the number is no day."""
        is_day = self.first_serial <= serial <= MAX_SERIAL
        return self.day_zero + timedelta(days=serial) if is_day else None


# Serial 60 is a 29 February 1900 that never was; the serials after it are counted from 30 December 1899.
CALENDAR_1900 = Calendar(date(1899, 12, 30), 61)
CALENDAR_1904 = Calendar(date(1904, 1, 1), 1)  # Excel for Mac, and copies of its old files


@dataclass(frozen=True)
class Percent:
    """A number that its cell shows with a percent sign. ``number`` stands before the sign: 87.12 of 87,12 %."""

    number: Decimal


@dataclass(frozen=True)
class Unseen:
    """A value that the reader of the sheet doesn't see as it is, and the reason in Vietnamese."""

    value: object
    why_vi: str


@dataclass(frozen=True)
class CellError:
    """An error that stands in place of a value: a failed formula, or one that was never computed."""

    text: str


def not_computed() -> CellError:
    """The error of a formula that its program has never computed."""
    return CellError(MESSAGES.format("shown.not_computed"))


def is_error(cell: object) -> bool:
    """Whether a cell shows an error in place of a value."""
    return isinstance(cell, CellError) or (isinstance(cell, str) and ERROR_TEXT.fullmatch(cell.strip()) is not None)


def show_cell(cell: object) -> str:
    """A cell's content as a Vietnamese spreadsheet shows it."""
    if isinstance(cell, Unseen):
        return show_cell(cell.value)
    if isinstance(cell, Percent):
        return f"{show_cell(cell.number)} %"
    if isinstance(cell, CellError):
        return show(cell.text)
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, datetime) and cell.time() == time.min:
        cell = cell.date()
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return f"{cell:%d/%m/%Y}"
    return show(cell).replace(".", ",") if isinstance(cell, float | Decimal) else show(cell)


def show(value: object) -> str:
    """A value for a message: short, without characters that can't be seen or that a database can't hold."""
    if isinstance(value, dict | list):
        return MESSAGES.format("shown.nested")
    if isinstance(value, int) and value.bit_length() > 1_000:  # Python refuses to write out so many digits
        return MESSAGES.format("shown.too_long_number")
    text = "" if value is None else str(value)
    return re.sub("[\x00-\x1f\ud800-\udfff]", "�", INVISIBLE.sub("", text[:MAX_SHOWN]))
