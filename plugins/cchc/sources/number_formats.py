"""Number formats of workbooks: what a numeric cell shows for the number it holds (ECMA-376 part 1, 18.8.30 and 31)."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from cchc.sources.cells import CALENDAR_1904, Calendar, Percent, Unseen

GENERAL = "General"
SIGNIFICANT_DIGITS = 15  # what spreadsheets store and show; a double has noise beyond
# Days and times of East Asian locales, which have numbers and no text (18.8.30).
EAST_ASIAN_DATES = {*range(27, 37), *range(50, 59)}
# What stands in a format for itself: "text", \x, _x (a space as wide as x), *x (x repeated), [Red], [$₫-42A], [>=1].
LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
# A comma behind the last digit of the whole part divides by a thousand.
THOUSANDS = re.compile(r"[0#?],+(?![0#?,])")
DIGITS = re.compile(r"[0#?@]|general", re.IGNORECASE)

IN_THOUSANDS_VI = "ô hiển thị số đã chia cho 1.000"
NOT_SHOWN_VI = "định dạng của ô không hiển thị số này"

LITERAL_PERCENT, LITERAL_TEXT = "\x01", "\x02"

# percent multiplies by 100 before it shows the sign; percent_sign shows the sign beside the number as it is.
Kind = Literal["number", "percent", "percent_sign", "in_thousands", "date", "duration", "not_shown"]


def read_number(text: str, format_code: str, calendar: Calendar) -> object:
    """The value of a numeric cell as it shows it: Decimal, Percent, a day or time, or Unseen.

    Raises ValueError where ``text`` is no number.
    """
    stored = float(text)
    number = Decimal(f"{stored:.{SIGNIFICANT_DIGITS}g}")
    kind = find_kind(format_code, -1 if number < 0 else int(number > 0))
    if kind == "percent":
        return Percent(_plain(number.scaleb(2)))
    if kind == "percent_sign":
        return Percent(_plain(number))
    if kind == "in_thousands":
        return Unseen(_plain(number), IN_THOUSANDS_VI)
    if kind == "not_shown":
        return Unseen(_plain(number), NOT_SHOWN_VI)
    if kind in ("date", "duration"):
        return _read_time(stored, calendar, is_duration=kind == "duration") or _plain(number)
    return _plain(number)


@lru_cache(maxsize=1024)
def find_kind(format_code: str, sign: int) -> Kind:
    """What a format makes of a number of this sign. A zero is shown, whatever the format: many leave it blank."""
    if is_timedelta_format(format_code):
        return "duration"
    if is_date_format(format_code):
        return "date"
    sections = LITERAL.sub(_shorten_literal, format_code).split(";")
    section = sections[1 if sign < 0 and len(sections) > 1 else 0]
    if "%" in section:
        return "percent"
    if LITERAL_PERCENT in section:
        return "percent_sign"
    if sign and not DIGITS.search(section):
        return "not_shown"
    return "in_thousands" if THOUSANDS.search(section) else "number"


def find_format(number: int, own: dict[int, str]) -> str:
    """The format of a number: the workbook's own, or one of those that every program knows."""
    if number in own:
        return own[number]
    return "yyyy-mm-dd" if number in EAST_ASIAN_DATES else BUILTIN_FORMATS.get(number, GENERAL)


def _shorten_literal(found: re.Match[str]) -> str:
    """A mark for text that a format shows, nothing for what only colours, spaces or chooses."""
    text = found[0]
    if text[0] not in '"\\' or text == '""':
        return ""
    return LITERAL_PERCENT if "%" in text else LITERAL_TEXT


def _read_time(stored: float, calendar: Calendar, *, is_duration: bool) -> datetime | date | time | timedelta | None:
    epoch = CALENDAR_MAC_1904 if calendar is CALENDAR_1904 else CALENDAR_WINDOWS_1900
    try:
        found: datetime | date | time | timedelta | None = from_excel(stored, epoch, timedelta=is_duration)
    except (OverflowError, ValueError):
        return None
    return found


def _plain(number: Decimal) -> Decimal:
    """Without an exponent and without zeros behind the point: 1E+2 is 100."""
    return Decimal(f"{number.normalize():f}") if number else Decimal(0)
