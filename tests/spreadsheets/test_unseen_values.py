"""A value that the reader of a sheet doesn't see, or sees differently, isn't read."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cchc.spreadsheets.workbook import list_hidden_sheets, open_sheets
from cchc.spreadsheets.xlsx_reader import read_sheets
from tests.spreadsheets.hostile_workbooks import WANTED
from tests.spreadsheets.parsed_files import parse, parse_one, parse_value
from tests.spreadsheets.sent_workbooks import HEADINGS as INDICATOR_HEADINGS
from tests.spreadsheets.sent_workbooks import (
    headings,
    number,
    pair,
    row,
    text,
    workbook,
)


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_sheet_is_not_read_and_is_named(state: str) -> None:
    draft = headings() + pair(number("1"), number("9"))
    content = workbook(
        headings() + pair(number("7"), number("9")),
        draft,
        states=["visible", state],
        names=["ChiTieu", "Nháp"],
    )
    assert parse_one(content)["numerator"] == 7
    assert list_hidden_sheets(open_sheets(content, "bc.xlsx"), WANTED) == ["Nháp"]


def test_file_of_hidden_sheets_alone_is_rejected_with_their_names() -> None:
    response, rows = parse(workbook(headings() + pair(number("7"), number("9")), states=["hidden"]))
    assert (response["parse_failure"], rows) == ("hidden_sheets", [])
    assert "ChiTieu" in response["parse_failure_detail"]


def test_hidden_list_of_choices_is_not_named() -> None:
    content = workbook(headings() + pair(number("7"), number("9")), row([text("H58.02")]), states=["visible", "hidden"])
    assert list_hidden_sheets(open_sheets(content, "bc.xlsx"), WANTED) == []


@pytest.mark.parametrize("where", ["row", "column"])
def test_value_in_a_hidden_row_or_column_is_not_read(where: str) -> None:
    hidden_row = ' hidden="1"' if where == "row" else ""
    cells = [text("II.6-1"), text("H58.02"), text("2024-Q4"), number("7"), text("9"), text("BC")]
    columns = '<cols><col min="4" max="5" width="9" hidden="1"/></cols>' if where == "column" else ""
    read = parse_one(workbook(headings() + row(cells, 2, hidden_row), before_rows=columns))
    assert (read["code"], read["agency_code"], read["numerator"], read["denominator"]) == (
        "II.6-1",
        "H58.02",
        None,
        None,
    )
    assert any("đang ẩn" in one for one in read["not_read"])


@pytest.mark.parametrize(
    "runs",
    [
        '<r><t>120</t></r><r><rPr><vertAlign val="superscript"/></rPr><t>1</t></r>',
        "<r><rPr><strike/></rPr><t>120</t></r><r><t> 150</t></r>",
        '<r><rPr><strike val="1"/></rPr><t>120</t></r>',
    ],
)
def test_number_with_a_footnote_or_struck_out_is_not_read(runs: str) -> None:
    read = parse_value(f'<c t="inlineStr"><is>{runs}</is></c>')
    assert (read["numerator"], read["unseen"]) == (None, ["Tử số"])


def test_bold_and_coloured_parts_are_one_text() -> None:
    runs = '<r><rPr><b/><strike val="0"/><vertAlign val="baseline"/></rPr><t>1</t></r><r><t>20</t></r>'
    assert parse_value(f'<c t="inlineStr"><is>{runs}</is></c>')["numerator"] == 120


@pytest.mark.parametrize("between", ["\n", "\t", "_x000D_\n", "\u2028"])
def test_two_numbers_in_one_cell_are_no_number(between: str) -> None:
    assert parse_value(text(f"12{between}150"))["numerator"] is None


@pytest.mark.parametrize(
    ("format_code", "stored", "seen"),
    [
        ('0"000"', "5", None), ("0\\0\\0", "5", None), ('#,##0" nghìn"', "12", None), ('0" triệu"', "12", None),
        ("0‰", "5", None), ('[&gt;=1000]#,##0,"K";0', "5000", None), ('[&gt;=1000]#,##0,"K";0', "500", "500"),
        ('[=1]"Có";0', "5", "5"), ("[&lt;1]0.00%;0.00", "87.12", "87.12"), ("[&gt;=1]0.0;0.0%", "0.8712", "87.12"),
        ("0[$%]", "87", "87"), ("0%;-0%;0", "0", "0"), ("", "5", "5"), ('0" hồ sơ"', "5", "5"),
        ('#,##0\\ "₫"', "5000", "5000"), ('_-* #,##0_-;-* #,##0_-;_-* "-"_-;_-@_-', "0", "0"), ("0;-0;;@", "0", "0"),
        ("[h]:mm", "0", None), ("[" * 300, "5", None),
    ],
)  # fmt: skip
def test_number_is_read_as_its_format_shows_it_or_not_at_all(format_code: str, stored: str, seen: str | None) -> None:
    code = format_code.replace('"', "&quot;")
    styles = f'<numFmts><numFmt numFmtId="200" formatCode="{code}"/></numFmts><cellXfs><xf numFmtId="200"/></cellXfs>'
    read = parse_value(number(stored, 0), text("100"), styles=styles)
    assert read["numerator"] == (None if seen is None else Decimal(seen))


def test_code_in_a_format_of_zeros_keeps_its_zeros() -> None:
    styles = '<numFmts><numFmt numFmtId="200" formatCode="0000000"/></numFmts><cellXfs><xf numFmtId="200"/></cellXfs>'
    (sheet,) = read_sheets(workbook(row([number("123456", 0)]), styles=styles))
    assert sheet.rows[0][1] == ("0123456",)


def test_value_under_a_merged_cell_is_not_read() -> None:
    rows = headings() + row([text("II.6-1"), text("H58.02"), text("2024-Q4"), number("12"), number("20")])
    rows += row([text("II.6-1"), text("H58.03"), text("2024-Q4"), number("7"), number("9")])
    content = workbook(rows, after_rows='<mergeCells><mergeCell ref="D2:D3"/></mergeCells>')
    _, (first, second) = parse(content)
    assert (first["numerator"], second["numerator"], second["unseen"]) == (12, None, ["Tử số"])


@pytest.mark.parametrize("stored", ["NaN", "INF", "1_000", "0x10", "1e9999"])
def test_numeric_cell_without_a_number_stops_no_reader(stored: str) -> None:
    response, rows = parse(workbook(headings() + pair(number(stored), number("9"))))
    assert response["parse_failure"] == "formula_error" or rows[0]["numerator"] is None


@pytest.mark.parametrize("sign", ["_x0000_", "_xD800_", "_x0001_"])
def test_character_that_no_database_holds_is_replaced(sign: str) -> None:
    names = [*INDICATOR_HEADINGS, f"Thêm{sign}"]
    response, rows = parse(workbook(headings(names) + pair(number("1"), number("9")), names=[f"Trang{sign}"]))
    shown = f"{response} {rows}"
    assert not any(one in shown for one in ("\x00", "\ud800", "\\x00", "\\ud800", "\x01"))
    assert rows[0]["numerator"] == 1


def test_formula_of_text_without_a_value_is_an_error() -> None:
    response, _ = parse(workbook(headings() + pair('<c t="str"><f>A1</f></c>', number("9"))))
    assert response["parse_failure"] == "formula_error"


def test_broken_hidden_sheet_harms_no_other() -> None:
    content = workbook(headings() + pair(number("7"), number("9")), "", states=["visible", "hidden"],
                       parts={"xl/worksheets/sheet2.xml": "<worksheet"})  # fmt: skip
    assert parse_one(content)["numerator"] == 7


def test_sheet_that_lacks_one_heading_beside_a_good_one_is_rejected() -> None:
    names = [name.replace("Tử số", "Tử số (hồ sơ)") for name in INDICATOR_HEADINGS]
    good = headings() + pair(number("7"), number("9"))
    response, _ = parse(workbook(good, headings(names) + pair(number("1"), number("2")), names=["Quý 3", "Quý 4"]))
    assert response["parse_failure"] == "no_headings"
    assert "trang “Quý 4” thiếu cột Tử số" in response["parse_failure_detail"]


def test_second_table_is_read_with_the_same_columns_and_rejected_with_others() -> None:
    again = row([text(name) for name in INDICATOR_HEADINGS], 3) + row(
        [text("II.6-1"), text("H58.03"), text("2024-Q4"), number("1"), number("2"), text("BC")], 4
    )
    _, rows = parse(workbook(headings() + pair(number("7"), number("9")) + again))
    assert [one["numerator"] for one in rows] == [7, 1]
    swapped = again.replace("Tử số", "?").replace("Mẫu số", "Tử số").replace("?", "Mẫu số")
    response, _ = parse(workbook(headings() + pair(number("7"), number("9")) + swapped))
    assert response["parse_failure"] == "no_headings"
    assert "bảng thứ hai từ dòng 3" in response["parse_failure_detail"]
