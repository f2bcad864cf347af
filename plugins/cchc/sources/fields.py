"""Values by a source's field map: JSON values, cells of workbooks and CSV text, each read in one way or not at all.

Reading never raises and never guesses: what can't be read is told in Vietnamese, to the person who sent it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

Numbers = Literal["json", "vietnamese"]
Type = Literal["text", "code", "number", "integer", "date", "period", "task_status"]

# A count of more digits than this is no number that a database or a person could mean.
MOST_DIGITS = 40
LARGEST_INTEGER = 2**31 - 1
LONGEST_CODE = 200
LONGEST_TEXT = 2_000
YEARS = range(1900, 2101)

# Day 0 of Excel's calendar, counted so that every serial after its 29 February 1900 (60), which never was, is right.
EXCEL_EPOCH = date(1899, 12, 30)
EXCEL_SERIALS = range(61, 73_416)  # to 31 December 2100

PLAIN_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")
VIETNAMESE_NUMBER = re.compile(
    r"([-−+]?)([0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+|[1-9][0-9]{0,2}(?: [0-9]{3})+)(?:,([0-9]+))?"
)
LONGEST_NUMBER = 100
PERIOD = re.compile(r"([0-9]{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?")
WIRE_DATE = re.compile(r"(?P<year>[0-9]{4})(-?)(?P<month>[0-9]{2})\2(?P<day>[0-9]{2})")
WRITTEN_DATE = re.compile(r"(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})/(?P<year>[0-9]{4})")
TASK_STATUSES = {
    "chưa thực hiện": "not_started",
    "đang thực hiện": "in_progress",
    "hoàn thành": "done",
    "không áp dụng": "not_applicable",
}

ADVICE_VI: dict[Type, str] = {
    "text": f"ô này chỉ nhận chữ, dài nhất {LONGEST_TEXT} ký tự, không có ký tự điều khiển lạ",
    "code": f"ô này chỉ nhận mã, dài nhất {LONGEST_CODE} ký tự",
    "number": "không đọc chắc được số này; viết kiểu Việt Nam: 9,5 là chín phẩy năm, 1.234 là một nghìn hai trăm ba "
    "mươi tư, không kèm đơn vị hay dấu %",
    "integer": "ô này chỉ nhận số nguyên",
    "date": "không phải ngày; viết dd/MM/yyyy, ví dụ 30/06/2024",
    "period": "không phải kỳ báo cáo; viết 2024-Q1 (quý), 2024-06 (tháng) hoặc 2024 (năm)",
    "task_status": f"trạng thái phải là một trong: {', '.join(TASK_STATUSES)}",
}


class Field(BaseModel):
    """One field of a contract: the column it fills, what it holds, whether a record must have it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    type: Type
    required: bool = False


@dataclass
class FieldsRead:
    """A record as read. ``values``: column → value, None where there is none; a period fills three columns.

    ``not_read`` and ``coerced``: "Field: what it held", in files with how it should be written.
    """

    values: dict[str, object] = field(default_factory=dict)
    not_read: list[str] = field(default_factory=list)
    coerced: list[str] = field(default_factory=list)


class _Value(NamedTuple):
    """A value, and whether it had to be turned into what the contract says."""

    value: object
    is_coerced: bool = False


def read_record(record: Mapping[str, object], fields: Mapping[str, Field], numbers: Numbers) -> FieldsRead:
    """Read the fields of one record; never raises. Fields outside ``fields`` are left alone.

    ``numbers``: how numbers in text are meant. ``json``: 12.5, and text is a coercion, since JSON has numbers;
    ``vietnamese``: 12,5 and 1.234 as people write them in cells (sources.md, returns), which is ordinary.
    """
    read = FieldsRead()
    for name, wire in fields.items():
        held = record.get(name)
        found = _NOTHING if _is_empty(held) else _READERS[wire.type](held, numbers)
        if found is None:
            advice = f" ({ADVICE_VI[wire.type]})" if numbers == "vietnamese" else ""  # people write cells, systems JSON
            read.not_read.append(f"{name}: {show(held)}{advice}")
        elif found.is_coerced:
            read.coerced.append(f"{name}: {show(held)}")
        value = found.value if found else None
        read.values |= _period_columns(wire.column, value) if wire.type == "period" else {wire.column: value}
    return read


def read_vietnamese_number(text: str) -> Decimal | None:
    """``9,5`` = 9.5; ``1.234`` and ``1 234`` = 1234; ``1.234,5`` = 1234.5; None where it may mean something else."""
    found = VIETNAMESE_NUMBER.fullmatch(fold_spaces(text)) if len(text) <= LONGEST_NUMBER else None
    if found is None:
        return None
    sign, whole, fraction = found.groups()
    point = f".{fraction}" if fraction else ""
    return _limit(Decimal(sign.replace("−", "-") + re.sub("[. ]", "", whole) + point))


def fold_spaces(text: str) -> str:
    """Composed (NFC), without spaces around it and with single ones inside, whatever kind of space they were."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def show(value: object) -> str:
    """A value for a message: short, and nothing in it that a database can't hold."""
    if isinstance(value, dict | list):
        return "một cấu trúc lồng nhau"
    if isinstance(value, int) and value.bit_length() > 1_000:  # Python refuses to write out so many digits
        return "một số quá dài"
    return re.sub("[\x00-\x1f\ud800-\udfff]", "�", str(value)[:80])


def _is_empty(held: object) -> bool:
    return held is None or (isinstance(held, str) and not held.strip())


def _read_text(held: object, longest: int) -> _Value | None:
    """Text as it is; a number where text belongs is written out, which may have lost its leading zeros."""
    if isinstance(held, str):
        # Length is looked at first: composing is slow on megabytes of combining marks.
        text = fold_spaces(held) if len(held) <= 4 * LONGEST_TEXT else held
        is_sound = len(text) <= longest and re.search("[\x00\ud800-\udfff]", text) is None
        return _Value(text) if is_sound else None
    if isinstance(held, date):
        return _Value(f"{held:%d/%m/%Y}", is_coerced=True) if longest == LONGEST_TEXT else None
    number = _read_plain_number(held)
    if number is None:
        return None
    return _Value(
        f"{number.to_integral_value() if number == number.to_integral_value() else number:f}", is_coerced=True
    )


def _read_number(held: object, numbers: Numbers) -> _Value | None:
    if isinstance(held, str):
        if numbers == "vietnamese":
            number = read_vietnamese_number(held)
            return None if number is None else _Value(number)
        text = held.strip()
        return _Value(Decimal(text), is_coerced=True) if PLAIN_NUMBER.fullmatch(text) else None
    number = _read_plain_number(held)
    return None if number is None else _Value(number)


def _read_plain_number(held: object) -> Decimal | None:
    """A number as it is; a float as the shortest decimal that is it, which is what its cell shows."""
    if isinstance(held, bool) or not isinstance(held, int | float | Decimal):
        return None
    if isinstance(held, float) and not math.isfinite(held):
        return None
    try:
        return _limit(Decimal(repr(held)) if isinstance(held, float) else Decimal(held))
    except InvalidOperation:
        return None


def _limit(number: Decimal) -> Decimal | None:
    exponent = number.as_tuple().exponent
    is_small = isinstance(exponent, int) and exponent >= -MOST_DIGITS and number.adjusted() <= MOST_DIGITS
    return number if is_small else None


def _read_integer(held: object, numbers: Numbers) -> _Value | None:
    found = _read_number(held, numbers)
    if found is None or not isinstance(found.value, Decimal):
        return None
    number = found.value
    is_whole = abs(number) <= LARGEST_INTEGER and number == number.to_integral_value()
    return _Value(int(number), found.is_coerced) if is_whole else None


def _read_date(held: object, numbers: Numbers) -> _Value | None:
    if isinstance(held, datetime):
        return _known_day(held.date(), is_coerced=held.time() != held.time().min)
    if isinstance(held, date):
        return _known_day(held)
    if isinstance(held, str):
        wire, written = WIRE_DATE.fullmatch(held.strip()), WRITTEN_DATE.fullmatch(held.strip())
        return _make_day(wire) if wire else _make_day(written, is_coerced=True)
    number = _read_plain_number(held)
    if number is None or number != number.to_integral_value():
        return None
    if numbers == "vietnamese" and int(number) in EXCEL_SERIALS:  # a date whose cell has lost its format
        return _Value(EXCEL_EPOCH + timedelta(days=int(number)), is_coerced=True)
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


def _read_period(held: object, _: Numbers) -> _Value | None:
    if isinstance(held, date):  # what Excel makes of 2024-06 typed into a cell; another day could mean anything
        return _Value(f"{held:%Y-%m}", is_coerced=True) if held.day == 1 and held.year in YEARS else None
    is_text = isinstance(held, str)
    number = None if is_text else _read_plain_number(held)
    text = str(held) if is_text else f"{number.normalize():f}" if number is not None else ""
    text = re.sub(r"\s", "", text[:40]).replace("–", "-").upper()
    found = PERIOD.fullmatch(text)
    return _Value(text, is_coerced=not is_text) if found and int(found[1]) in YEARS else None


def _period_columns(column: str, period: object) -> dict[str, object]:
    """The period and its first and last day."""
    found = PERIOD.fullmatch(str(period))
    if found is None:
        return {column: None, f"{column}_start": None, f"{column}_end": None}
    year, quarter, month = (int(part or 0) for part in found.groups())
    first, last = (quarter * 3 - 2, quarter * 3) if quarter else (month, month) if month else (1, 12)
    end = date(year, last, monthrange(year, last)[1])
    return {column: period, f"{column}_start": date(year, first, 1), f"{column}_end": end}


def _read_task_status(held: object, _: Numbers) -> _Value | None:
    status = TASK_STATUSES.get(fold_spaces(held[:200]).lower()) if isinstance(held, str) else None
    return _Value(status) if status else None


_NOTHING = _Value(None)
_READERS: dict[Type, Callable[[object, Numbers], _Value | None]] = {
    "text": lambda held, _: _read_text(held, LONGEST_TEXT),
    "code": lambda held, _: _read_text(held, LONGEST_CODE),
    "number": _read_number,
    "integer": _read_integer,
    "date": _read_date,
    "period": _read_period,
    "task_status": _read_task_status,
}
