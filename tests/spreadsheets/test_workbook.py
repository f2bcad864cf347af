"""Tables of files: found by their headings, read as they are, rejected with the place."""

from __future__ import annotations

import codecs
import io
import unicodedata
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cchc.spreadsheets.workbook import RejectedFileError, Table, read_tables
from tests.spreadsheets.hostile_workbooks import (
    GOOD_ROW,
    HEADINGS,
    WANTED,
    good_xml_row,
    headings_row,
    replace_sheet,
    save,
    write_workbook,
)

TASK_HEADINGS = ["Mã nhiệm vụ", "Mã đơn vị", "Trạng thái", "Ngày hoàn thành", "Văn bản minh chứng"]
CSV_TEXT = "Mã chỉ tiêu;Mã đơn vị;Kỳ báo cáo;Tử số;Mẫu số\r\nII.6-1;H58.31;2024-Q1;9,5;1.234\r\n"


def read_one(content: bytes, name: str = "bao-cao.xlsx") -> Table:
    (table,) = read_tables(content, name, WANTED)
    return table


def reject(content: bytes, name: str = "bao-cao.xlsx") -> RejectedFileError:
    with pytest.raises(RejectedFileError) as rejected:
        read_tables(content, name, WANTED)
    return rejected.value


def test_rows_are_read_by_heading_with_their_numbers() -> None:
    table = read_one(write_workbook([["Báo cáo quý I"], [], HEADINGS, [], GOOD_ROW]))
    assert (table.kind, table.sheet.name, table.headings.row_no) == ("ChiTieu", "ChiTieu", 3)
    assert table.rows == [(5, dict(zip(HEADINGS, GOOD_ROW, strict=True)))]


@pytest.mark.parametrize(
    "spell",
    [
        lambda text: f"  {text.replace(' ', '   ')}\n",
        lambda text: text.replace(" ", "\u00a0"),
        lambda text: unicodedata.normalize("NFD", text),
        str.upper,
    ],
)
def test_headings_are_recognized_in_any_spelling(spell: Any) -> None:
    table = read_one(write_workbook([[spell(text) for text in HEADINGS], GOOD_ROW]))
    assert table.rows == [(2, dict(zip(HEADINGS, GOOD_ROW, strict=True)))]


@given(st.permutations(list(zip(HEADINGS, GOOD_ROW, strict=True))))
def test_columns_may_stand_in_any_order(columns: list[tuple[str, Any]]) -> None:
    table = read_one(write_workbook([[heading for heading, _ in columns], [value for _, value in columns]]))
    assert table.rows == [(2, dict(columns))]


def test_sheet_is_recognized_by_its_headings_and_not_by_its_name() -> None:
    assert read_one(write_workbook([HEADINGS, GOOD_ROW], sheet="Sheet1")).kind == "ChiTieu"


def test_both_kinds_of_sheet_of_a_workbook_are_read() -> None:
    workbook = openpyxl.load_workbook(io.BytesIO(write_workbook([HEADINGS, GOOD_ROW])))
    tasks = workbook.create_sheet("NhiemVu")
    tasks.append(TASK_HEADINGS)
    tasks.append(["PL.I.1", "H58.02", "hoàn thành", datetime(2024, 2, 28)])  # noqa: DTZ001 — cells know no time zone
    tables = read_tables(save(workbook), "bao-cao.xlsx", WANTED)
    assert [(table.kind, len(table.rows)) for table in tables] == [("ChiTieu", 1), ("NhiemVu", 1)]
    assert tables[1].rows[0][1]["Ngày hoàn thành"] == datetime(2024, 2, 28)  # noqa: DTZ001


def test_example_of_the_guide_is_no_report() -> None:
    workbook = openpyxl.load_workbook(io.BytesIO(write_workbook([HEADINGS, GOOD_ROW])))
    guide = workbook.create_sheet(unicodedata.normalize("NFD", "Hướng dẫn"))
    guide.append(HEADINGS)
    guide.append(GOOD_ROW)
    assert read_one(save(workbook)).sheet.name == "ChiTieu"


def test_row_of_codes_alone_is_left_out() -> None:
    named = [[*HEADINGS, "Nội dung"], ["II.2-3", "H58.31", *[None] * 5, "Tỷ lệ cấp huyện"], [*GOOD_ROW, "Tỷ lệ"]]
    assert [row_no for row_no, _ in read_one(write_workbook(named)).rows] == [3]


def test_row_with_a_period_and_no_value_is_kept() -> None:
    assert len(read_one(write_workbook([HEADINGS, ["II.2-3", "H58.31", "2024-Q1"]])).rows) == 1


def test_columns_outside_the_contract_are_unknown_fields() -> None:
    (_, record), *_ = read_one(write_workbook([[*HEADINGS, "Người lập"], [*GOOD_ROW, "A", "lệch"]])).rows
    assert {heading: value for heading, value in record.items() if heading not in HEADINGS} == {
        "Người lập": "A",
        "cột I": "lệch",
    }


def test_reasons_of_a_rejection_report_are_no_field() -> None:
    (_, record), *_ = read_one(write_workbook([[*HEADINGS, "Lý do trả lại"], [*GOOD_ROW, "Thiếu số"]])).rows
    assert list(record) == HEADINGS


def test_missing_heading_is_named() -> None:
    rejected = reject(write_workbook([[text for text in HEADINGS if text != "Tử số"], GOOD_ROW]))
    assert (rejected.rule, rejected.detail_vi) == ("no_headings", "trang “ChiTieu” thiếu cột Tử số trong 20 dòng đầu")


def test_repeated_heading_is_rejected_with_its_columns() -> None:
    rejected = reject(write_workbook([[*HEADINGS, "Tử số"], GOOD_ROW]))
    assert rejected.rule == "no_headings"
    assert "Tử số ở nhiều cột: D, H" in rejected.detail_vi


def test_named_sheet_that_cannot_be_read_is_rejected() -> None:
    workbook = openpyxl.load_workbook(io.BytesIO(write_workbook([HEADINGS, GOOD_ROW])))
    workbook.create_sheet("Nhiemvu").append(["Mã nhiệm vụ", "Mã đơn vị"])
    rejected = reject(save(workbook))
    assert rejected.rule == "no_headings"
    assert "Nhiemvu" in rejected.detail_vi


def test_sheet_of_something_else_is_ignored() -> None:
    workbook = openpyxl.load_workbook(io.BytesIO(write_workbook([HEADINGS, GOOD_ROW])))
    workbook.create_sheet("Biểu đồ").append(["Quý", "Số"])
    assert read_one(save(workbook)).sheet.name == "ChiTieu"


def test_computed_value_of_a_formula_is_its_value() -> None:
    empty = good_xml_row(3, '<f>IF(A1="","",1)</f><v></v>').replace('<c r="D3">', '<c r="D3" t="str">')
    row = good_xml_row(2, "<f>1+2</f><v>3</v>") + empty
    rows = read_one(replace_sheet((headings_row() + row).encode())).rows
    assert [record["Tử số"] for _, record in rows] == [3, None]


def test_formula_error_outside_the_fields_harms_nothing() -> None:
    row = good_xml_row(2).replace("</row>", '<c r="K2" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>')
    assert len(read_one(replace_sheet((headings_row() + row).encode())).rows) == 1


def test_error_pasted_as_a_value_is_rejected_with_its_cell() -> None:
    rejected = reject(write_workbook([HEADINGS, GOOD_ROW, [*GOOD_ROW[:3], "#REF!", 1]]))
    assert rejected.rule == "formula_error"
    assert "ô D3 (cột Tử số): #REF!" in rejected.detail_vi


def test_text_that_looks_like_a_formula_stays_text() -> None:
    command = "=cmd|' /C calc'!A0"
    workbook = openpyxl.load_workbook(io.BytesIO(write_workbook([HEADINGS, GOOD_ROW])))
    workbook["ChiTieu"]["G2"].value = command
    workbook["ChiTieu"]["G2"].data_type = "s"
    (_, record), *_ = read_one(save(workbook)).rows
    assert record["Ghi chú"] == command


@pytest.mark.parametrize(
    "content",
    [
        CSV_TEXT.encode(),
        CSV_TEXT.encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + CSV_TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + CSV_TEXT.encode("utf-16-be"),
        CSV_TEXT.replace(";", "\t").encode(),
        CSV_TEXT.replace("9,5", '"9,5"').replace(";", ",").encode(),
        CSV_TEXT.replace("\r\n", "\n").encode(),
    ],
)
def test_csv_is_read_in_its_usual_forms(content: bytes) -> None:
    expected = dict(zip(HEADINGS[:5], ["II.6-1", "H58.31", "2024-Q1", "9,5", "1.234"], strict=True))
    table = read_one(content, "bao-cao.csv")
    assert (table.kind, table.sheet.name, table.rows) == ("ChiTieu", "bao-cao.csv", [(2, expected)])


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (CSV_TEXT.encode("cp1258", errors="replace"), "wrong_encoding"),
        (CSV_TEXT.encode("utf-16-le"), "wrong_encoding"),
        (codecs.BOM_UTF16_LE + CSV_TEXT.encode("utf-16-le") + b"\x00", "wrong_encoding"),
        ((CSV_TEXT + 'II.6-1;"H58').encode(), "not_a_workbook"),
        (CSV_TEXT.splitlines()[0].encode(), "no_rows"),
        (b"", "no_headings"),
        ((CSV_TEXT.splitlines()[0] + "\n" + "II.6-1;H58;2024;1;1\n" * 50_001).encode(), "too_large"),
        ((CSV_TEXT.splitlines()[0] + "\n" + ";".join("1" * 250) + "\n").encode() * 4_100, "too_large"),
    ],
)
def test_csv_that_cannot_be_read_is_rejected(content: bytes, rule: str) -> None:
    assert reject(content, "bao-cao.csv").rule == rule


@pytest.mark.parametrize("delimiter", ";,\t")
def test_csv_with_every_field_in_quotation_marks_is_read(delimiter: str) -> None:
    """As databases and LibreOffice write it, below a title with another delimiter."""
    lines = [["Báo cáo, quý 4; đợt 1"], *(line.split(";") for line in CSV_TEXT.splitlines())]
    content = "\n".join(delimiter.join(f'"{field}"' for field in line) for line in lines)
    table = read_one(content.encode(), "bao-cao.csv")
    assert (table.sheet.delimiter, [record["Tử số"] for _, record in table.rows]) == (delimiter, ["9,5"])


def test_unclosed_quotation_mark_and_cut_last_row_of_csv_are_counted() -> None:
    text = CSV_TEXT + 'II.6-1;H58.32;2024-Q1;1;"2\nII.6-1;H58.33;2024-Q1;1;2\nII.6-1;H58.34;2024-Q1;1;2"\nII.6-2;H58.3'
    table = read_one(text.encode(), "bao-cao.csv")
    assert table.field_counts == {3: 13, 4: 2}


def test_csv_row_with_another_number_of_fields_is_counted() -> None:
    """A decimal comma as a delimiter, and a file that is cut in the middle of a row."""
    table = read_one(("Báo cáo\n" + CSV_TEXT.replace(";", ",") + "II.6-1,H58.32,2024-Q1").encode(), "bao-cao.csv")
    assert table.sheet.delimiter == ","
    assert table.field_counts == {3: 6, 4: 3}
    assert not read_one(CSV_TEXT.encode(), "bao-cao.csv").field_counts
    assert not read_one(write_workbook([["Báo cáo"], HEADINGS, GOOD_ROW[:5]])).field_counts


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_rejected(content: bytes) -> None:
    try:
        tables = read_tables(content, "bao-cao.csv", WANTED)
    except RejectedFileError:
        return
    assert all(table.kind in WANTED for table in tables)


def test_workbook_is_recognized_by_its_bytes_and_not_by_its_name() -> None:
    assert read_one(write_workbook([HEADINGS, GOOD_ROW]), "bao-cao.csv").kind == "ChiTieu"
