"""Values of workbooks are those that their sender saw, whatever program wrote them."""

from __future__ import annotations

import time
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from cchc.sources.inbox_store import DiskInbox
from cchc.sources.rejection_filing import file_rejection_reports
from cchc.spreadsheets.rejection_report import SentFile
from cchc.spreadsheets.xlsx_parts import unescape
from tests.sources.opened_inbox import find_written
from tests.spreadsheets.hostile_workbooks import WANTED
from tests.spreadsheets.parsed_files import HUNDRED, TREASURY, parse, parse_one, parse_value
from tests.spreadsheets.sent_workbooks import (
    DAY,
    IN_THOUSANDS,
    LITERAL_PERCENT,
    NAMESPACES,
    NOT_SHOWN,
    PERCENT,
    SIGNED_PERCENT,
    STRICT,
    STYLES,
    TASK_HEADINGS,
    WHOLE_PERCENT,
    headings,
    number,
    pair,
    row,
    text,
    workbook,
)

DAYS_1904 = 'date1904="1"'
PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'


# Percent signs.


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (number("0.8712", PERCENT), "87.12"),
        (number("0.87119999999999997", PERCENT), "87.12"),
        (number("0.95", WHOLE_PERCENT), "95"),
        (number("8.7120000000000003E-1", SIGNED_PERCENT), "87.12"),
        (number("87.12", LITERAL_PERCENT), "87.12"),
        (text("87,12%"), "87.12"),
        (text("87,12\u00a0%"), "87.12"),
    ],
)
def test_percent_is_the_number_before_its_sign_and_flagged(cell: str, shown: str) -> None:
    read = parse_value(cell)
    assert (read["numerator"], read["denominator"], read["percent"]) == (Decimal(shown), 100, ["Tử số"])


def test_both_parts_may_have_a_percent_sign() -> None:
    read = parse_value(number("0.8712", PERCENT), number("1", PERCENT))
    assert (read["numerator"], read["denominator"], read["percent"]) == (Decimal("87.12"), 100, ["Tử số", "Mẫu số"])


# Numbers.


@pytest.mark.parametrize(
    ("stored", "seen"),
    [
        ("84.99999999999999", "85"), ("85.000000000000014", "85"), ("0.30000000000000004", "0.3"), ("1.234", "1.234"),
        ("1E2", "100"), ("1.0E-3", "0.001"), ("123456789012345678", "123456789012346000"), ("-0", "0"), ("7", "7"),
    ],
)  # fmt: skip
def test_number_has_the_fifteen_digits_that_a_spreadsheet_shows(stored: str, seen: str) -> None:
    read = parse_value(number(stored))
    assert read["numerator"] == Decimal(seen)
    assert (read["coerced"], read["percent"], read["ambiguous_numbers"]) == (None, None, None)


@pytest.mark.parametrize(
    ("cell", "read_as"),
    [
        (number("49384", IN_THOUSANDS), "ô hiển thị số đã chia cho 1.000"),
        (number("12", NOT_SHOWN), "định dạng của ô không hiển thị số này"),
    ],
)
def test_number_that_its_cell_shows_differently_is_not_read(cell: str, read_as: str) -> None:
    read = parse_value(cell)
    assert read["numerator"] is None
    assert read_as in read["not_read"][0]


def test_text_with_one_separator_is_ambiguous_where_it_may_mean_two_numbers() -> None:
    read = parse_value(text("1,234"), text("1.256"))
    assert (read["numerator"], read["denominator"]) == (Decimal("1.234"), 1256)
    assert read["ambiguous_numbers"] == ["Tử số: 1,234"]


# Days.


@pytest.mark.parametrize(
    ("cell", "properties", "coerced"),
    [
        (number("43878"), DAYS_1904, True),
        (number("43878", DAY), DAYS_1904, False),
        (number("43878"), 'date1904="true"', True),
        (number("45340"), "", True),
        (number("45340", DAY), "", False),
        ('<c t="d"><v>2024-02-18</v></c>', "", False),
        ('<c t="d"><v>2024-02-18T00:00:00Z</v></c>', DAYS_1904, False),
        (text("18/02/2024"), DAYS_1904, False),
    ],
)
def test_day_is_read_by_the_calendar_of_its_file(cell: str, properties: str, coerced: bool) -> None:
    task = row([text("PL.I.1"), text("H58.07"), text("hoàn thành"), cell, text("VB 3")])
    read = parse_one(workbook(headings(TASK_HEADINGS) + task, names=["NhiemVu"], properties=properties))
    assert (read["done_on"], bool(read["coerced"])) == (date(2024, 2, 18), coerced)


def test_closing_days_of_an_export_are_read_by_its_calendar_too() -> None:
    names = list(TREASURY.fields_)  # type: ignore[union-attr]  # a profile of records
    values = {"NienDo": "2024", "NgayKetSo": "44195", "NgayHieuLuc": "43830", "DonViTien": "1"}
    amounts = [number(values[name]) if name in values else number("1000000") for name in names]
    cells = [text("7412345") if name == "MaDuAn" else text("TTG") if name == "LoaiKeHoach" else cell
             for name, cell in zip(names, amounts, strict=True)]  # fmt: skip
    read = parse_one(workbook(headings(names) + row(cells), names=["GiaiNgan"], properties=DAYS_1904), profile=TREASURY)
    assert (read["closed_on"], read["effective_on"]) == (date(2024, 12, 31), date(2024, 1, 1))


# Errors and formulas.


@pytest.mark.parametrize(
    "shown",
    ["#FIELD!", "#BUSY!", "#ERROR!", "#CONNECT!", "#BLOCKED!", "#UNKNOWN!", "#GETTING_DATA", "Err:502", "#DIV/0!"],
)
@pytest.mark.parametrize("at", [3, 5])
def test_cell_of_type_error_is_a_formula_error_whatever_its_text(shown: str, at: int) -> None:
    cells = [text("II.6-1"), text("H58.02"), text("2024-Q4"), number("9"), number("9"), text("BC")]
    cells[at] = f'<c t="e"><f>VLOOKUP(A2,Z1:Z9,1)</f><v>{shown}</v></c>'
    response, _ = parse(workbook(headings() + row(cells)))
    assert response["parse_failure"] == "formula_error"
    assert f"ô {'ABCDEF'[at]}2" in response["parse_failure_detail"]
    assert shown in response["parse_failure_detail"]


@pytest.mark.parametrize("shown", ["#N/A", "#FIELD!", "#NAME?", "Err:508", "Loading..."])
def test_error_as_text_is_a_formula_error(shown: str) -> None:
    content = f"Mã chỉ tiêu;Mã đơn vị;Kỳ báo cáo;Tử số;Mẫu số;Văn bản minh chứng\nII.6-1;H58.02;2024-Q4;9;9;{shown}\n"
    for file, name in [
        (content.encode(), "bc.csv"),
        (workbook(headings() + pair(number("9"), number("9"), evidence=text(shown))), "bc.xlsx"),
    ]:
        assert parse(file, name)[0]["parse_failure"] == "formula_error"


@pytest.mark.parametrize(
    "cell",
    [
        "<c><f>3+3</f></c>",
        "<c><f>3+3</f><v></v></c>",
        '<c r="E2"><f>3+3</f></c>',
        '<c t="n"><f t="shared" si="0"/></c>',
    ],
)
def test_formula_without_value_is_an_error_with_its_cell_even_without_an_address(cell: str) -> None:
    response, _ = parse(workbook(headings() + pair(number("5"), cell)))
    assert response["parse_failure"] == "formula_error"
    assert "ô E2 (cột Mẫu số): công thức chưa được tính" in response["parse_failure_detail"]


@pytest.mark.parametrize("reference", ["", "D2"])
def test_cell_after_one_without_an_address_is_the_next(reference: str) -> None:
    cells = [text("II.6-1"), text("H58.02"), text("2024-Q4"), number("5", reference=reference), number("6"), text("BC")]
    read = parse_one(workbook(headings() + row(cells)))
    assert (read["numerator"], read["denominator"], read["evidence"]) == (5, 6, "BC")
    assert '"cell": "ChiTieu!E2", "read": "6"' in read["cells"]


@pytest.mark.parametrize("cell", ['<c t="s"><v>99</v></c>', "<c><v>chín</v></c>", '<c t="d"><v>hôm qua</v></c>'])
def test_value_that_contradicts_its_file_is_an_error_with_its_cell(cell: str) -> None:
    response, _ = parse(workbook(headings() + pair(cell, number("9"))))
    assert (response["parse_failure"], "ô D2" in response["parse_failure_detail"]) == ("formula_error", True)


# Characters.


@pytest.mark.parametrize(
    ("stored", "seen"),
    [
        ("12_x000D_\nngày", "12 ngày"), ("12_x000d_ngày", "12 ngày"), ("_x005F_x000D_", "_x000D_"),
        ("a_x0009_b", "a b"), ("_xD83D__xDE00_", "😀"), ("_x00G0_", "_x00G0_"), ("x_x_000D_", "x_x_000D_"),
    ],
)  # fmt: skip
def test_escaped_character_is_the_character(stored: str, seen: str) -> None:
    assert parse_one(workbook(headings() + pair(number("9"), number("9"), evidence=text(stored))))["evidence"] == seen


def test_escapes_in_headings_codes_and_shared_strings_are_undone() -> None:
    names = ["Mã chỉ tiêu", "Mã đơn vị", "Kỳ báo cáo", "Tử_x000D_\nsố", "Mẫu số", "Văn bản minh chứng"]
    assert (
        parse_one(workbook(headings(names) + pair(number("9"), number("9"), agency="H58.10_x000D_\n")))["agency_code"]
        == "H58.10"
    )
    assert unescape("a_x000D_") == "a\r"


@pytest.mark.parametrize(
    ("code", "agency", "period"),
    [
        ("II.6-1\u200b", "H58.02", "2024-Q4"), ("II.6-1", "\u200eH58.02", "2024-Q4"),
        ("II.6-1", "H58.02", "2024\u2011-Q4"),
        ("\ufeffII.6\u20101", "H58\u2060.02", "2024\u2013Q4"), ("II.6\u22121", "H58.02\u00ad", "2024\u00ad-Q4"),
        ("\u3000II.6-1\u2003", "H58.02\u202c", "2024 \u2014 q4"),
    ],
)  # fmt: skip
def test_invisible_signs_spaces_and_hyphens_of_every_kind_are_folded(code: str, agency: str, period: str) -> None:
    cells = [text(code), text(agency), text(period), text("1\u200b234"), text("2\u2060\u00a0000"), text("B\u00adC")]
    names = ["\ufeffMã chỉ tiêu", "Mã\u00a0đơn vị", "Kỳ báo\u200b cáo", "Tử số\u200e", "Mẫu số", "Văn bản minh chứng"]
    read = parse_one(workbook(headings(names) + row(cells)))
    assert (read["code"], read["agency_code"], read["period"]) == ("II.6-1", "H58.02", "2024-Q4")
    assert (read["numerator"], read["denominator"], read["evidence"]) == (1234, 2000, "BC")


def test_row_of_invisible_signs_reports_nothing() -> None:
    empty = row([text("II.6-1"), text("H58.02"), text("\u200b"), text("\ufeff"), text("\u00ad")])
    assert parse_one(workbook(headings() + pair(number("1"), number("2")) + empty))["numerator"] == 1


# Strict Open XML, looks, and where cells are.


@pytest.mark.parametrize("styles", [STYLES, ""])
def test_strict_open_xml_is_read_as_the_ordinary_kind(styles: str) -> None:
    read = parse_value(number("12"), number("13"), namespaces=STRICT, styles=styles)
    assert (read["numerator"], read["denominator"]) == (12, 13)


def test_strict_open_xml_has_percents_days_and_shared_strings_too() -> None:
    assert parse_value(number("0.8712", PERCENT), namespaces=STRICT)["percent"] == ["Tử số"]
    task = row([text("PL.I.1"), text("H58.07"), text("hoàn thành"), '<c t="d"><v>2024-02-18</v></c>', text("VB 3")])
    read = parse_one(workbook(headings(TASK_HEADINGS) + task, names=["NhiemVu"], namespaces=STRICT))
    assert read["done_on"] == date(2024, 2, 18)
    strings = f'<sst xmlns="{STRICT["main"]}"><si><r><t>B</t></r><r><t>C 1</t></r><rPh><t>x</t></rPh></si></sst>'
    rels = (
        f"<Relationships {PACKAGE}>"
        f'<Relationship Id="rId1" Type="{STRICT["relations"]}/worksheet" Target="/xl/worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{STRICT["relations"]}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>"
    )
    content = workbook(
        headings() + pair(number("9"), number("9"), evidence='<c t="s"><v>0</v></c>'),
        namespaces=STRICT, parts={"xl/sharedStrings.xml": strings, "xl/_rels/workbook.xml.rels": rels},
    )  # fmt: skip
    assert parse_one(content)["evidence"] == "BC 1"


@pytest.mark.parametrize(
    "parts",
    [
        {"xl/styles.xml": "<styleSheet><fonts><font><family val='99'/></font>"},
        {"xl/styles.xml": f'<styleSheet xmlns="x"><fonts><font><color rgb="đỏ"/></font></fonts>{STYLES}</styleSheet>'},
        {"docProps/core.xml": "<cp:coreProperties><dcterms:created>hôm qua"},
        {"docProps/app.xml": "\x00"},
        {"xl/theme/theme1.xml": "<a:theme"},
        {"xl/worksheets/_rels/sheet1.xml.rels": "<Relationships"},
        {"xl/media/image1.png": "không phải ảnh"},
    ],
)  # fmt: skip
def test_defect_of_looks_and_properties_harms_no_value(parts: dict[str, str]) -> None:
    read = parse_one(workbook(headings() + pair(number("7"), number("9", 77)), parts=parts))
    assert (read["numerator"], read["denominator"]) == (7, 9)


def test_looks_behind_a_defect_are_still_read() -> None:
    broken = f'<styleSheet xmlns="{NAMESPACES["main"]}">{STYLES}<cellStyles><cellStyle xfId="nhiều"'
    read = parse_one(workbook(headings() + pair(number("0.8712", PERCENT), HUNDRED), parts={"xl/styles.xml": broken}))
    assert read["percent"] == ["Tử số"]


@pytest.mark.parametrize(
    "stray", [text("x", "C1048576"), text("x", "XFD1048576") + text("y", "D1048576"), number("1", 3, "D1048576")]
)
def test_cost_is_that_of_the_cells_not_of_the_last_row(stray: str, tmp_path: Path) -> None:
    content = workbook(headings() + pair(number("7"), number("9")) + row([stray], 1_048_576))
    began = time.process_time()
    response, rows = parse(content)
    assert (response["parse_failure"], rows[0]["numerator"], len(rows)) == (None, 7, 2)
    reasons = {("ChiTieu", 1_048_576): ["value_missing"]}
    sent = SentFile("bc.xlsx", "ab" * 32, content)
    (address,) = file_rejection_reports(DiskInbox(tmp_path), sent, WANTED, reasons, ())
    copy = find_written(tmp_path, address)
    assert time.process_time() - began < 2  # a million rows took 17 s
    assert copy.stat().st_size < 20_000
    assert openpyxl.load_workbook(copy)["ChiTieu"].max_row < 50
