"""Values by a source's field map: JSON values, cells of workbooks and CSV text, each read in one way or not at all.

Nothing here raises or guesses: a value that can't be read becomes a sentence for the person who sent it. Whether a row
with it is rejected is decided by the suites.
"""

from __future__ import annotations

import math
import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from cchc.fields.cells import CALENDAR_1900, Calendar, Percent, Unseen, show, show_cell
from cchc.fields.written_text import clean_text, fold_hyphens, is_blank
from cchc.messages import OneLine, read_messages

Numbers = Literal["json", "vietnamese"]
Type = Literal["text", "code", "number", "integer", "date", "period", "task_status"]

MESSAGES = read_messages("fields")

# A count of more digits than this is no number that a database or a person could mean.
MAX_DIGITS = 40
MAX_INTEGER = 2**31 - 1
MAX_CODE_LENGTH = 200
MAX_TEXT_LENGTH = 2_000
YEARS = range(1900, 2101)

PLAIN_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")
VIETNAMESE_NUMBER = re.compile(
    r"([-+]?)([0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+|[1-9][0-9]{0,2}(?: [0-9]{3})+)(?:,([0-9]+))?"
)
# 1.234 and 1,234: one language's thousands are the other's decimals.
ONE_SEPARATOR = re.compile(r"[-+]?[1-9][0-9]{0,2}[.,][0-9]{3}")
MAX_NUMBER_LENGTH = 100
LINE_BREAK = re.compile("[\\t\\n\\v\\f\\r\\x85\\u2028\\u2029]")
PERIOD = re.compile(r"([0-9]{4})(?:-{1,2}(?:Q([1-4])|(0[1-9]|1[0-2])))?")
WIRE_DATE = re.compile(r"(?P<year>[0-9]{4})(-?)(?P<month>[0-9]{2})\2(?P<day>[0-9]{2})")
WRITTEN_DATE = re.compile(r"(?P<day>[0-9]{1,2})([/.-])(?P<month>[0-9]{1,2})\2(?P<year>[0-9]{4})")
TASK_STATUSES = {
    "chưa thực hiện": "not_started",
    "đang thực hiện": "in_progress",
    "hoàn thành": "done",
    "không áp dụng": "not_applicable",
}


@dataclass(frozen=True)
class Notation:
    """The notation of the values of an answer or file.

    ``has_comma_columns``: commas separate its columns, so that its numbers may be written in English. ``calendar``: the
    numbering of its days.
    """

    numbers: Numbers
    has_comma_columns: bool = False
    calendar: Calendar = CALENDAR_1900


JSON = Notation("json")


class Field(BaseModel):
    """One field of a contract: its column, the type of its values, and whether a record must have it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    type: Type
    required: bool = False


@dataclass
class FieldsRead:
    """The fields of a record as read; suites judge all lists.

    ``values``: column → value, None where there is none; a period fills three columns. ``not_read`` and ``coerced``:
    "Field: its content", in files with advice. ``unseen``: fields whose reader sees another value than the file holds;
    ``not_read`` names them too. ``percent``: numbers with a percent sign; the value stands before it.
    ``ambiguous_numbers``: "Field: 1,234", numbers in files whose one separator groups thousands or begins decimals;
    the value is that of the Vietnamese notation.
    """

    values: dict[str, object] = field(default_factory=dict)
    not_read: list[str] = field(default_factory=list)
    coerced: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    percent: list[str] = field(default_factory=list)
    ambiguous_numbers: list[str] = field(default_factory=list)


class _Value(NamedTuple):
    """A value; whether it was converted to the contract's type, and what a number looked like."""

    value: object
    is_coerced: bool = False
    is_percent: bool = False
    is_ambiguous: bool = False


def read_record(record: Mapping[str, object], fields: Mapping[str, Field], notation: Notation) -> FieldsRead:
    """The fields of one record; never raises. Fields outside ``fields`` are ignored.

    JSON has numbers: 12.5, and text in their place is a coercion. In files people write 12,5 and 1.234 in cells and
    text, and days as dd/MM/yyyy, which is ordinary.
    """
    read = FieldsRead()
    for name, wire in fields.items():
        held = record.get(name)
        found = _read_field(held, wire.type, notation)
        if found is None:
            read.not_read.append(f"{name}: {_explain(held, wire.type, notation)}")
            read.unseen += [name] if isinstance(held, Unseen) else []
            found = _NOTHING
        if found.is_coerced:
            read.coerced.append(f"{name}: {show_cell(held)}")
        if found.is_percent:
            read.percent.append(name)
        if found.is_ambiguous:
            read.ambiguous_numbers.append(f"{name}: {show_cell(held)}")
        value = found.value
        read.values |= _period_columns(wire.column, value) if wire.type == "period" else {wire.column: value}
    return read


def _read_field(held: object, wire_type: Type, notation: Notation) -> _Value | None:
    """The value of a field; None where it can't be read. An unseen value counts as a code or text only."""
    if isinstance(held, Unseen):
        return _READERS[wire_type](held.value, notation) if wire_type in ("text", "code") else None
    return _NOTHING if is_blank(held) else _READERS[wire_type](held, notation)


def _explain(held: object, wire_type: Type, notation: Notation) -> str:
    """The content of a field that can't be read; in files, which people write, with advice."""
    if notation.numbers == "json":
        return show(held)
    return f"{show_cell(held)} ({_advise(held, wire_type)})"


def _advise(held: object, wire_type: Type) -> str:
    """How a field should be written, in Vietnamese."""
    if isinstance(held, Unseen):
        return MESSAGES.format("advice.unseen", reason=OneLine(held.why_vi))
    return MESSAGES.format(
        f"advice.{wire_type}",
        max_text=MAX_TEXT_LENGTH,
        max_code=MAX_CODE_LENGTH,
        statuses=", ".join(TASK_STATUSES),
    )


def read_vietnamese_number(text: str) -> Decimal | None:
    """``9,5`` = 9.5; ``1.234`` and ``1 234`` = 1234; ``1.234,5`` = 1234.5; None where it may mean something else."""
    found = VIETNAMESE_NUMBER.fullmatch(_fold_number(text))
    if found is None:
        return None
    sign, whole, fraction = found.groups()
    point = f".{fraction}" if fraction else ""
    return limit_number(Decimal(sign + re.sub("[. ]", "", whole) + point))


def _fold_number(text: str) -> str:
    """A number's text with its spaces and its sign folded; empty where it is too long for a number or has two lines."""
    is_one = len(text) <= MAX_NUMBER_LENGTH and LINE_BREAK.search(text.strip()) is None
    return fold_hyphens(clean_text(text)) if is_one else ""


def _read_text(held: object, longest: int) -> _Value | None:
    """Text as it is; a number in its place is written out, and may have lost its leading zeros."""
    if isinstance(held, str):
        # Length is looked at first: composing is slow on megabytes of combining marks.
        text = clean_text(held) if len(held) <= 4 * MAX_TEXT_LENGTH else held
        is_sound = len(text) <= longest and re.search("[\x00\ud800-\udfff]", text) is None
        return _Value(text) if is_sound else None
    if isinstance(held, date):
        return _Value(f"{held:%d/%m/%Y}", is_coerced=True) if longest == MAX_TEXT_LENGTH else None
    if isinstance(held, Percent):
        return _Value(show_cell(held), is_coerced=True) if longest == MAX_TEXT_LENGTH else None
    number = _read_plain_number(held)
    if number is None:
        return None
    return _Value(
        f"{number.to_integral_value() if number == number.to_integral_value() else number:f}", is_coerced=True
    )


def _read_code(held: object) -> _Value | None:
    """A code: text in which every kind of hyphen is one."""
    found = _read_text(held, MAX_CODE_LENGTH)
    return found._replace(value=fold_hyphens(str(found.value))) if found else None


def _read_number(held: object, notation: Notation) -> _Value | None:
    if isinstance(held, Percent):
        number = limit_number(held.number)
        return None if number is None else _Value(number, is_percent=True)
    if not isinstance(held, str):
        number = _read_plain_number(held)
        return None if number is None else _Value(number)
    if notation.numbers == "json":
        text = held.strip()
        return _Value(Decimal(text), is_coerced=True) if PLAIN_NUMBER.fullmatch(text) else None
    text = _fold_number(held)
    is_percent = text.endswith("%")
    text = text.removesuffix("%").rstrip()
    number = read_vietnamese_number(text)
    is_ambiguous = ONE_SEPARATOR.fullmatch(text) is not None and ("," in text or notation.has_comma_columns)
    return None if number is None else _Value(number, is_percent=is_percent, is_ambiguous=is_ambiguous)


def _read_plain_number(held: object) -> Decimal | None:
    """A number as it is; a float as the shortest decimal that is it."""
    if isinstance(held, bool) or not isinstance(held, int | float | Decimal):
        return None
    if isinstance(held, float) and not math.isfinite(held):
        return None
    try:
        return limit_number(Decimal(repr(held)) if isinstance(held, float) else Decimal(held))
    except InvalidOperation:
        return None


def limit_number(number: Decimal) -> Decimal | None:
    """``number``; None for one with more than MAX_DIGITS digits before or behind its point."""
    exponent = number.as_tuple().exponent
    is_small = isinstance(exponent, int) and exponent >= -MAX_DIGITS and number.adjusted() <= MAX_DIGITS
    return number if is_small else None


def _read_integer(held: object, notation: Notation) -> _Value | None:
    found = _read_number(held, notation)
    if found is None or not isinstance(found.value, Decimal):
        return None
    number = found.value
    is_whole = abs(number) <= MAX_INTEGER and number == number.to_integral_value() and not found.is_percent
    return _Value(int(number), found.is_coerced) if is_whole else None


def _read_date(held: object, notation: Notation) -> _Value | None:
    is_written = notation.numbers == "vietnamese"
    if isinstance(held, datetime):
        return _known_day(held.date(), is_coerced=held.time() != held.time().min)
    if isinstance(held, date):
        return _known_day(held)
    if isinstance(held, str):
        text = fold_hyphens(clean_text(held)) if len(held) <= MAX_NUMBER_LENGTH else ""
        wire, written = WIRE_DATE.fullmatch(text), WRITTEN_DATE.fullmatch(text)
        # Systems write days as in the contract, people as they are used to.
        return _make_day(wire) if wire else _make_day(written, is_coerced=not is_written)
    number = _read_plain_number(held)
    if number is None or number != number.to_integral_value():
        return None
    day = notation.calendar.find_day(int(number)) if is_written else None
    if day:  # a date whose cell has lost its format
        return _known_day(day, is_coerced=True)
    return _make_day(WIRE_DATE.fullmatch(f"{number:f}"), is_coerced=True)


def _make_day(found: re.Match[str] | None, *, is_coerced: bool = False) -> _Value | None:
    if found is None:
        return None
    try:
        day = date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:  # 30 February
        return None
    return _known_day(day, is_coerced=is_coerced)


def _known_day(day: date, *, is_coerced: bool = False) -> _Value | None:
    return _Value(day, is_coerced) if day.year in YEARS else None


def _read_period(held: object) -> _Value | None:
    if isinstance(held, date):  # Excel makes it of 2024-06 typed into a cell; another day could mean anything
        return _Value(f"{held:%Y-%m}", is_coerced=True) if held.day == 1 and held.year in YEARS else None
    number = None if isinstance(held, str) else _read_plain_number(held)  # 2024 typed into a cell
    text = held if isinstance(held, str) else f"{number.normalize():f}" if number is not None else ""
    text = re.sub(r"\s", "", fold_hyphens(clean_text(text[:MAX_NUMBER_LENGTH]))).upper()
    found = PERIOD.fullmatch(text)
    return _Value(text.replace("--", "-")) if found and int(found[1]) in YEARS else None


def _period_columns(column: str, period: object) -> dict[str, object]:
    """The period and its first and last day."""
    found = PERIOD.fullmatch(str(period))
    if found is None:
        return {column: None, f"{column}_start": None, f"{column}_end": None}
    year, quarter, month = (int(part or 0) for part in found.groups())
    first, last = (quarter * 3 - 2, quarter * 3) if quarter else (month, month) if month else (1, 12)
    end = date(year, last, monthrange(year, last)[1])
    return {column: period, f"{column}_start": date(year, first, 1), f"{column}_end": end}


def _read_task_status(held: object) -> _Value | None:
    status = TASK_STATUSES.get(clean_text(held[:200]).lower()) if isinstance(held, str) else None
    return _Value(status) if status else None


_NOTHING = _Value(None)
_READERS: dict[Type, Callable[[object, Notation], _Value | None]] = {
    "text": lambda held, _: _read_text(held, MAX_TEXT_LENGTH),
    "code": lambda held, _: _read_code(held),
    "number": _read_number,
    "integer": _read_integer,
    "date": _read_date,
    "period": lambda held, _: _read_period(held),
    "task_status": lambda held, _: _read_task_status(held),
}
