"""Number formats of workbooks: the value that a numeric cell shows for its number (ECMA-376 part 1, 18.8.30–31)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from cchc.fields.cells import CALENDAR_1904, Calendar, Percent, Unseen
from cchc.messages import read_messages

UNSEEN = read_messages("unseen_cells")

GENERAL = "General"
MAX_FORMAT_LENGTH = 255  # Excel's own limit
SIGNIFICANT_DIGITS = 15  # spreadsheets store and show them; the digits of a double beyond are noise
NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")
# Dates and times of East Asian locales, whose formats have numbers and no text (18.8.30).
EAST_ASIAN_DATES = {*range(27, 37), *range(50, 59)}
# Literals of a format: "text", \x, _x (a space as wide as x), *x (x repeated), [Red], [$₫-42A], [>=1].
LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)(-?[0-9.]+)\]")
SHOWN_DIGITS = re.compile(r"[0#?@]|general", re.IGNORECASE)
ZEROS_ONLY = re.compile(r"0{2,}")
# A comma after the last digit of the whole part divides by a thousand.
THOUSANDS = re.compile(r"[0#?],+(?![0#?,])")
MULTIPLIER = re.compile(r"\b(nghìn|ngàn|trăm|triệu|tr|tỷ|tỉ|k|m|b|thousand|million|billion)\b", re.IGNORECASE)
PER_MILLE = "‰"

# Kinds of format whose reader sees another number than the cell holds, or none.
UNSEEN_KINDS = ("in_thousands", "not_shown", "other_number")

# percent multiplies by 100 and shows the sign; percent_sign shows the sign beside the unchanged number.
Kind = Literal["number", "percent", "percent_sign", "in_thousands", "date", "duration", "not_shown", "other_number"]


class Section(NamedTuple):
    """A section of a format, which semicolons separate. ``operator`` "": the section has no condition."""

    kind: Kind
    operator: str = ""
    bound: Decimal = Decimal(0)

    def holds(self, number: Decimal) -> bool:
        """Whether the section's own condition holds."""
        sign = (number > self.bound) - (number < self.bound)
        signs = {"<": (-1,), "<=": (-1, 0), "=": (0,), ">=": (0, 1), ">": (1,), "<>": (-1, 1)}
        return sign in signs.get(self.operator, (-1, 0, 1))


def read_number(text: str, format_code: str, calendar: Calendar) -> object:
    """The value that a numeric cell shows: Decimal, Percent, text, a date or time, or Unseen.

    Raises ValueError where ``text`` is no number.
    """
    if not NUMBER.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no number")
    stored = float(text)
    number = _plain(Decimal(f"{stored:.{SIGNIFICANT_DIGITS}g}"))
    kind = find_kind(format_code, number)
    if kind == "percent":
        return Percent(_plain(number.scaleb(2)))
    if kind == "percent_sign":
        return Percent(number)
    if kind in UNSEEN_KINDS:
        return Unseen(number, UNSEEN.texts[kind])
    if kind in ("date", "duration"):
        shown = _read_time(stored, calendar, is_duration=kind == "duration")
        return number if shown is None else shown
    if ZEROS_ONLY.fullmatch(format_code) and number >= 0 and number == int(number):
        return f"{int(number):0{len(format_code)}d}"  # a code with its leading zeros
    return number


def find_kind(format_code: str, number: Decimal) -> Kind:
    """How a format shows a number. A zero counts as shown, because many formats leave it blank."""
    sections = read_sections(format_code)
    kind = _choose_section(sections, number).kind
    return "number" if kind == "not_shown" and number == 0 else kind


def find_format(number: int, own: dict[int, str]) -> str:
    """The format with an id: the workbook's own, or one of those that every program knows."""
    if number in own:
        return own[number] or GENERAL
    return "yyyy-mm-dd" if number in EAST_ASIAN_DATES else BUILTIN_FORMATS.get(number, GENERAL)


@lru_cache(maxsize=1024)
def read_sections(format_code: str) -> tuple[Section, ...]:
    """The sections of a format. A format that is longer than any program writes it has one, which shows nothing."""
    if len(format_code) > MAX_FORMAT_LENGTH:
        return (Section("not_shown"),)
    if is_timedelta_format(format_code):
        return (Section("duration"),)
    if is_date_format(format_code):
        return (Section("date"),)
    parts, start, quoted = [], 0, [found.span() for found in LITERAL.finditer(format_code)]
    for at, sign in enumerate(format_code):
        if sign == ";" and not any(first <= at < last for first, last in quoted):
            parts.append(format_code[start:at])
            start = at + 1
    return tuple(_read_section(part) for part in [*parts, format_code[start:]])


def _read_section(text: str) -> Section:
    condition = CONDITION.search(text)
    literals = "".join(_read_literal(found[0]) for found in LITERAL.finditer(text))
    kind = _name_kind(LITERAL.sub("", text), literals)
    try:
        return Section(kind, condition[1], Decimal(condition[2])) if condition else Section(kind)
    except ArithmeticError:
        return Section("not_shown")


def _name_kind(digits: str, literals: str) -> Kind:
    """The kind of a section, by its placeholders for digits and the text that it adds."""
    if not SHOWN_DIGITS.search(digits):
        return "not_shown"
    if THOUSANDS.search(digits):
        return "in_thousands"
    if "%" in digits:
        return "percent"
    if re.search("[0-9]", literals) or MULTIPLIER.search(literals) or PER_MILLE in digits + literals:
        return "other_number"
    return "percent_sign" if "%" in literals else "number"


def _read_literal(text: str) -> str:
    """The text that a literal adds: the sign of [$₫-42A], nothing for a colour or a condition."""
    if text[0] == '"':
        return text[1:-1]
    if text[0] == "\\":
        return text[1]
    return text[2:-1].partition("-")[0] if text.startswith("[$") else ""


def _choose_section(sections: Sequence[Section], number: Decimal) -> Section:
    """The section for a number: the first whose condition holds, else the last; without conditions by its sign."""
    if any(section.operator for section in sections):
        return next((section for section in sections if section.holds(number)), sections[-1])
    if number < 0 and len(sections) > 1:
        return sections[1]
    return sections[2] if number == 0 and len(sections) > 2 else sections[0]


def _read_time(stored: float, calendar: Calendar, *, is_duration: bool) -> datetime | date | time | timedelta | None:
    epoch = CALENDAR_MAC_1904 if calendar is CALENDAR_1904 else CALENDAR_WINDOWS_1900
    try:
        found: datetime | date | time | timedelta | None = from_excel(stored, epoch, timedelta=is_duration)
    except (OverflowError, ValueError):
        return None
    return found


def _plain(number: Decimal) -> Decimal:
    """The number without an exponent and without trailing zeros: 1E+2 is 100."""
    return Decimal(f"{number.normalize():f}") if number else Decimal(0)
