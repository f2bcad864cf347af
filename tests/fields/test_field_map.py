"""Values are read in one way or not at all: JSON, cells and text, by the field map."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cchc.fields.cells import CALENDAR_1904, Percent, Unseen
from cchc.fields.field_map import JSON, Field, Notation, Type, read_record, read_vietnamese_number

LONG = "1" * 5_000
VIETNAMESE = Notation("vietnamese")
TYPES: list[Type] = ["text", "code", "number", "integer", "date", "period", "task_status"]


def stamp(*parts: int) -> datetime:
    return datetime(*parts)  # noqa: DTZ001 — cells know no time zone


def read(wire_type: Type, held: object, notation: Notation = VIETNAMESE) -> tuple[Any, str]:
    """The value, and how it was read: as it is, ``coerced`` or ``not_read``."""
    found = read_record({"Ô": held}, {"Ô": Field(column="value", type=wire_type)}, notation)
    assert not (found.coerced and found.not_read)
    return found.values["value"], "coerced" if found.coerced else "not_read" if found.not_read else ""


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("9,5", "9.5"), ("1.234", "1234"), ("1.234,5", "1234.5"), ("1 234 567", "1234567"), ("0", "0"), ("007", "7"),
        ("1\u00a0234", "1234"), ("1\u202f234,50", "1234.50"), ("-1.000", "-1000"), ("−3", "-3"), ("+3", "3"),
        (" 12 ", "12"), ("0,05", "0.05"), ("1234,5", "1234.5"), ("12.345.678", "12345678"),
    ],
)  # fmt: skip
def test_vietnamese_numbers_are_read(text: str, number: str) -> None:
    assert read_vietnamese_number(text) == Decimal(number)


@pytest.mark.parametrize(
    "text",
    ["9.5", "1,234,567", "1.23", "0.234", "1234.567", "1.234 567", "5 triệu", ",5", "5,", "1e5", "1,2,3", "٣",
     "½", "nan", "--1", "1.2345", "1.234.56", LONG, "1" * 42],
)  # fmt: skip
def test_text_of_another_meaning_is_no_number(text: str) -> None:
    assert read("number", text) == (None, "not_read")


@given(st.integers(-(10**30), 10**30), st.integers(0, 9), st.sampled_from(["", ".", " ", "\u00a0", "\u202f"]))
def test_number_written_in_vietnamese_is_read_exactly(units: int, places: int, grouping: str) -> None:
    number = Decimal(units).scaleb(-places)
    written = f"{number:,.{places}f}".translate(str.maketrans({",": grouping, ".": ","}))
    assert read_vietnamese_number(written) == number


@given(st.floats(1e-9, 1e15) | st.floats(-1e15, -1e-9))
def test_cell_is_the_number_that_it_shows(cell: float) -> None:
    value, how = read("number", cell)
    assert (str(float(value)), how) == (str(cell), "")
    assert value == Decimal(repr(cell))


@pytest.mark.parametrize("held", [True, float("nan"), float("inf"), stamp(2024, 1, 1), 10**41, "x", [1], {}])
def test_other_content_is_not_read_as_a_number(held: object) -> None:
    assert read("number", held) == (None, "not_read")


@pytest.mark.parametrize(
    ("held", "value", "how"),
    [
        (12, Decimal(12), ""), (Decimal("12.5"), Decimal("12.5"), ""), ("12", Decimal(12), "coerced"),
        ("-12.50", Decimal("-12.50"), "coerced"), ("9,5", None, "not_read"), ("1 234", None, "not_read"),
        ("1e5", None, "not_read"), (Decimal("NaN"), None, "not_read"), (Decimal("1e400"), None, "not_read"),
        (False, None, "not_read"), ([], None, "not_read"), ({"a": 1}, None, "not_read"),
        (10**4000, None, "not_read"),
    ],
)  # fmt: skip
def test_text_in_json_is_a_number_only_by_coercion(held: object, value: Any, how: str) -> None:
    assert read("number", held, JSON) == (value, how)


@pytest.mark.parametrize(
    ("held", "value", "how"),
    [
        (2024, 2024, ""), (2024.0, 2024, ""), ("2024", 2024, ""), ("2.024", 2024, ""), (2024.5, None, "not_read"),
        (2**31, None, "not_read"), ("2024,5", None, "not_read"), (True, None, "not_read"),
    ],
)  # fmt: skip
def test_integers(held: object, value: Any, how: str) -> None:
    assert read("integer", held) == (value, how)


@pytest.mark.parametrize(
    ("held", "value", "how"),
    [
        ("2024-06-30", date(2024, 6, 30), ""), ("20240630", date(2024, 6, 30), ""), ("2024-0630", None, "not_read"),
        ("30/06/2024", date(2024, 6, 30), ""), ("1/2/2024", date(2024, 2, 1), ""),
        ("30/02/2024", None, "not_read"), ("2023-02-29", None, "not_read"), ("06/30/2024", None, "not_read"),
        (stamp(2024, 6, 30), date(2024, 6, 30), ""), (stamp(2024, 6, 30, 8), date(2024, 6, 30), "coerced"),
        (date(2024, 6, 30), date(2024, 6, 30), ""), (45473, date(2024, 6, 30), "coerced"),
        (45473.0, date(2024, 6, 30), "coerced"), (45473.5, None, "not_read"), (20240630, date(2024, 6, 30), "coerced"),
        (60, None, "not_read"), (0, None, "not_read"), (-1, None, "not_read"), ("0001-01-01", None, "not_read"),
        ("30/6/24", None, "not_read"), ("hôm qua", None, "not_read"), (True, None, "not_read"),
    ],
)  # fmt: skip
def test_dates(held: object, value: Any, how: str) -> None:
    assert read("date", held) == (value, how)


def test_serial_number_is_a_date_in_workbooks_only() -> None:
    assert read("date", 45473, JSON) == (None, "not_read")
    assert read("date", 20240630, JSON) == (date(2024, 6, 30), "coerced")


@pytest.mark.parametrize(
    ("held", "period", "first", "last"),
    [
        ("2024-Q1", "2024-Q1", date(2024, 1, 1), date(2024, 3, 31)),
        ("2024 – q4", "2024-Q4", date(2024, 10, 1), date(2024, 12, 31)),
        ("2024-02", "2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2024", "2024", date(2024, 1, 1), date(2024, 12, 31)),
        (2024, "2024", date(2024, 1, 1), date(2024, 12, 31)),
        (2024.0, "2024", date(2024, 1, 1), date(2024, 12, 31)),
        (stamp(2024, 6, 1), "2024-06", date(2024, 6, 1), date(2024, 6, 30)),
    ],
)
def test_period_fills_its_days_too(held: object, period: str, first: date, last: date) -> None:
    found = read_record({"Kỳ": held}, {"Kỳ": Field(column="period", type="period")}, VIETNAMESE)
    assert found.values == {"period": period, "period_start": first, "period_end": last}
    assert bool(found.coerced) == isinstance(held, datetime)


@pytest.mark.parametrize("held", ["2024-Q5", "2024-13", "Q1/2024", "2024-6", stamp(2024, 6, 30), 45473, "0024", True])
def test_other_content_has_no_period_and_no_days(held: object) -> None:
    found = read_record({"Kỳ": held}, {"Kỳ": Field(column="period", type="period")}, VIETNAMESE)
    assert found.values == {"period": None, "period_start": None, "period_end": None}
    assert len(found.not_read) == 1


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("chưa thực hiện", "not_started"), ("ĐANG THỰC HIỆN", "in_progress"), ("  Hoàn   thành ", "done"),
        (unicodedata.normalize("NFD", "Không áp dụng"), "not_applicable"), ("xong", None), (1, None),
    ],
)  # fmt: skip
def test_task_statuses(words: object, status: str | None) -> None:
    assert read("task_status", words) == (status, "" if status else "not_read")


@pytest.mark.parametrize(
    ("wire_type", "held", "value", "how"),
    [
        ("code", " H58.31 ", "H58.31", ""), ("code", 7012345, "7012345", "coerced"),
        ("code", 7012345.0, "7012345", "coerced"),
        ("code", 1.5, "1.5", "coerced"), ("code", True, None, "not_read"), ("code", "x" * 201, None, "not_read"),
        ("code", stamp(2024, 6, 1), None, "not_read"),
        ("text", "Tiền  Giang\n", "Tiền Giang", ""), ("text", unicodedata.normalize("NFD", "Tiền"), "Tiền", ""),
        ("text", "a\x00b", None, "not_read"), ("text", "\ud800", None, "not_read"),
        ("text", "x" * 2_001, None, "not_read"),
        ("text", "=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0", ""), ("text", 12, "12", "coerced"),
        ("text", stamp(2024, 6, 1), "01/06/2024", "coerced"), ("text", {"a": 1}, None, "not_read"),
        ("text", "", None, ""), ("text", " \n", None, ""), ("number", "", None, ""), ("date", None, None, ""),
    ],
)  # fmt: skip
def test_text_and_codes(wire_type: Type, held: object, value: Any, how: str) -> None:
    assert read(wire_type, held) == (value, how)


def test_unreadable_cell_is_named_with_its_content_and_advice() -> None:
    fields = {"Tử số": Field(column="numerator", type="number")}
    (line,) = read_record({"Tử số": "9.5"}, fields, VIETNAMESE).not_read
    assert line.startswith("Tử số: 9.5 (")
    assert "9,5 là chín phẩy năm" in line
    assert read_record({"Tử số": "9.5x"}, fields, JSON).not_read == ["Tử số: 9.5x"]


def judge_number(held: object, notation: Notation = VIETNAMESE) -> tuple[object, bool, bool]:
    """The value of a number, and whether it has a percent sign and an ambiguous separator."""
    found = read_record({"Ô": held}, {"Ô": Field(column="value", type="number")}, notation)
    return found.values["value"], bool(found.percent), bool(found.ambiguous_numbers)


COMMA_COLUMNS = Notation("vietnamese", has_comma_columns=True)


@pytest.mark.parametrize(
    ("held", "notation", "expected"),
    [
        ("87,12%", VIETNAMESE, (Decimal("87.12"), True, False)),
        ("87.12%", VIETNAMESE, (None, False, False)),
        (Percent(Decimal("87.12")), VIETNAMESE, (Decimal("87.12"), True, False)),
        ("%", VIETNAMESE, (None, False, False)),
        ("1,234", VIETNAMESE, (Decimal("1.234"), False, True)),
        ("1.234", VIETNAMESE, (1234, False, False)),
        ("1,234", COMMA_COLUMNS, (Decimal("1.234"), False, True)),
        ("1.234", COMMA_COLUMNS, (1234, False, True)),
        ("-12,345", VIETNAMESE, (Decimal("-12.345"), False, True)),
        ("1234,567", COMMA_COLUMNS, (Decimal("1234.567"), False, False)),
        ("0,125", COMMA_COLUMNS, (Decimal("0.125"), False, False)),
        ("1,23", COMMA_COLUMNS, (Decimal("1.23"), False, False)),
        ("1.234.567", COMMA_COLUMNS, (1234567, False, False)),
        ("1,234%", VIETNAMESE, (Decimal("1.234"), True, True)),
        ("87,12%", JSON, (None, False, False)),
        (Unseen(Decimal(7), "ẩn"), VIETNAMESE, (None, False, False)),
    ],
)
def test_number_with_a_percent_sign_or_an_ambiguous_separator_is_flagged(
    held: object, notation: Notation, expected: tuple[object, bool, bool]
) -> None:
    assert judge_number(held, notation) == expected


def test_percent_is_no_year_and_no_code() -> None:
    assert read("integer", Percent(Decimal(2024))) == (None, "not_read")
    assert read("code", Percent(Decimal(12))) == (None, "not_read")
    assert read("text", Percent(Decimal("12.5"))) == ("12,5 %", "coerced")


def test_serial_number_is_a_day_of_the_calendar_of_its_file() -> None:
    assert read("date", 43878, Notation("vietnamese", calendar=CALENDAR_1904)) == (date(2024, 2, 18), "coerced")
    assert read("date", 43878) == (date(2020, 2, 17), "coerced")


def test_unseen_value_is_named_with_the_reason() -> None:
    assert read("code", Unseen("H58.02", "ô ẩn")) == ("H58.02", "")
    fields = {"Kỳ": Field(column="period", type="period")}
    (line,) = read_record({"Kỳ": Unseen("2024-Q4", "ô ẩn")}, fields, VIETNAMESE).not_read
    assert line.startswith("Kỳ: 2024-Q4 (ô ẩn; ")


def test_fields_outside_the_map_are_left_alone() -> None:
    found = read_record({"a": 1, "b": 2}, {"a": Field(column="x", type="number")}, JSON)
    assert found.values == {"x": 1}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals() | st.datetimes() | st.dates()
    | st.sampled_from([LONG, "\ud800", "\x00", 10**400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@given(st.sampled_from(TYPES), ANYTHING, st.sampled_from([JSON, VIETNAMESE]))
def test_any_content_is_read_coerced_or_named(wire_type: Type, held: object, notation: Notation) -> None:
    fields = {"Ô": Field(column="value", type=wire_type)}
    found = read_record({"Ô": held}, fields, notation)
    line = " ".join(found.not_read + found.coerced)
    line.encode()  # a database can hold it
    assert "\x00" not in line
    is_empty = held is None or (isinstance(held, str) and not held.strip())
    assert (found.values["value"] is None) == (is_empty or bool(found.not_read))


def test_unknown_word_in_the_field_map_is_an_error() -> None:
    with pytest.raises(ValidationError):
        Field.model_validate({"column": "x", "type": "number", "requird": True})
