"""Workbooks say what their sender saw in them, whatever program wrote them."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from cchc.settings import SOURCES
from cchc.sources.cells import Percent, Unseen
from cchc.sources.files import read_file
from cchc.sources.given_back import SentFile, write_given_back
from cchc.sources.profile import read_profile
from cchc.sources.window import Window
from cchc.sources.workbook import list_hidden_sheets, open_sheets
from cchc.sources.xlsx_reader import read_sheets, unescape
from tests.sources.hostile_workbooks import WANTED
from tests.sources.sent_workbooks import (
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
    figure,
    headings,
    number,
    row,
    text,
    workbook,
)
from tests.sources.sent_workbooks import HEADINGS as HEADINGS_OF_FIGURES

WRITTEN_BY = Path(__file__).parent / "written_by"
RETURNS, TREASURY = (read_profile(SOURCES / f"{name}.yaml") for name in ("returns", "treasury"))
DATA_DATE = date(2024, 12, 31)
HUNDRED = number("100")
DAYS_1904 = 'date1904="1"'
PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'


def parse(
    content: bytes, name: str = "bc.xlsx", profile: Any = RETURNS
) -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    """The response and the rows that a file becomes in staging."""
    reading = read_file(profile, Window("return", "file", DATA_DATE, DATA_DATE), content, None, "H58", name)
    return reading.response, reading.rows


def parse_one(content: bytes, name: str = "bc.xlsx", profile: Any = RETURNS) -> dict[str, Any]:
    """The one row of a file that isn't refused."""
    response, rows = parse(content, name, profile)
    assert response["refusal"] is None, response
    (only,) = rows
    return only


def parse_figure(numerator: str, denominator: str = HUNDRED, **options: Any) -> dict[str, Any]:
    """The row of a workbook with one figure."""
    return parse_one(workbook(headings() + figure(numerator, denominator), **options))


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
def test_percent_is_the_number_before_its_sign_and_marked(cell: str, shown: str) -> None:
    read = parse_figure(cell)
    assert (read["numerator"], read["denominator"], read["percent"]) == (Decimal(shown), 100, ["Tử số"])


def test_both_parts_may_have_a_percent_sign() -> None:
    read = parse_figure(number("0.8712", PERCENT), number("1", PERCENT))
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
    read = parse_figure(number(stored))
    assert read["numerator"] == Decimal(seen)
    assert (read["coerced"], read["percent"], read["two_readings"]) == (None, None, None)


@pytest.mark.parametrize(
    ("cell", "read_as"),
    [
        (number("49384", IN_THOUSANDS), "ô hiển thị số đã chia cho 1.000"),
        (number("12", NOT_SHOWN), "định dạng của ô không hiển thị số này"),
    ],
)
def test_number_that_its_cell_shows_otherwise_is_not_read(cell: str, read_as: str) -> None:
    read = parse_figure(cell)
    assert read["numerator"] is None
    assert read_as in read["not_read"][0]


def test_text_with_one_mark_is_noted_where_it_has_two_readings() -> None:
    read = parse_figure(text("1,234"), text("1.256"))
    assert (read["numerator"], read["denominator"]) == (Decimal("1.234"), 1256)
    assert read["two_readings"] == ["Tử số: 1,234"]


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
def test_cell_of_type_error_is_a_formula_error_whatever_it_says(shown: str, at: int) -> None:
    cells = [text("II.6-1"), text("H58.02"), text("2024-Q4"), number("9"), number("9"), text("BC")]
    cells[at] = f'<c t="e"><f>VLOOKUP(A2,Z1:Z9,1)</f><v>{shown}</v></c>'
    response, _ = parse(workbook(headings() + row(cells)))
    assert response["refusal"] == "formula_error"
    assert f"ô {'ABCDEF'[at]}2" in response["refusal_detail"]
    assert shown in response["refusal_detail"]


@pytest.mark.parametrize("shown", ["#N/A", "#FIELD!", "#NAME?", "Err:508", "Loading..."])
def test_error_that_became_text_is_one_too(shown: str) -> None:
    content = f"Mã chỉ tiêu;Mã đơn vị;Kỳ báo cáo;Tử số;Mẫu số;Văn bản minh chứng\nII.6-1;H58.02;2024-Q4;9;9;{shown}\n"
    for file, name in [
        (content.encode(), "bc.csv"),
        (workbook(headings() + figure(number("9"), number("9"), evidence=text(shown))), "bc.xlsx"),
    ]:
        assert parse(file, name)[0]["refusal"] == "formula_error"


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
    response, _ = parse(workbook(headings() + figure(number("5"), cell)))
    assert response["refusal"] == "formula_error"
    assert "ô E2 (cột Mẫu số): công thức chưa được tính" in response["refusal_detail"]


@pytest.mark.parametrize("reference", ["", "D2"])
def test_cell_after_one_without_an_address_is_the_next(reference: str) -> None:
    cells = [text("II.6-1"), text("H58.02"), text("2024-Q4"), number("5", reference=reference), number("6"), text("BC")]
    read = parse_one(workbook(headings() + row(cells)))
    assert (read["numerator"], read["denominator"], read["evidence"]) == (5, 6, "BC")
    assert '"cell": "ChiTieu!E2", "read": "6"' in read["cells"]


@pytest.mark.parametrize("cell", ['<c t="s"><v>99</v></c>', "<c><v>chín</v></c>", '<c t="d"><v>hôm qua</v></c>'])
def test_value_that_the_file_gives_no_meaning_is_an_error_with_its_cell(cell: str) -> None:
    response, _ = parse(workbook(headings() + figure(cell, number("9"))))
    assert (response["refusal"], "ô D2" in response["refusal_detail"]) == ("formula_error", True)


# Hidden sheets, rows and columns.


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_draft_is_no_report_and_is_named(state: str) -> None:
    draft = headings() + figure(number("1"), number("9"))
    content = workbook(
        headings() + figure(number("7"), number("9")), draft, states=["visible", state], names=["ChiTieu", "Nháp"]
    )
    assert parse_one(content)["numerator"] == 7
    assert list_hidden_sheets(open_sheets(content, "bc.xlsx"), WANTED) == ["Nháp"]


def test_file_of_hidden_sheets_alone_is_refused_with_their_names() -> None:
    response, rows = parse(workbook(headings() + figure(number("7"), number("9")), states=["hidden"]))
    assert (response["refusal"], rows) == ("hidden_sheets", [])
    assert "ChiTieu" in response["refusal_detail"]


def test_hidden_list_of_choices_is_not_named() -> None:
    content = workbook(
        headings() + figure(number("7"), number("9")), row([text("H58.02")]), states=["visible", "hidden"]
    )
    assert list_hidden_sheets(open_sheets(content, "bc.xlsx"), WANTED) == []


@pytest.mark.parametrize("where", ["row", "column"])
def test_figure_in_a_hidden_row_or_column_is_not_read(where: str) -> None:
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


# Characters.


@pytest.mark.parametrize(
    ("stored", "seen"),
    [
        ("12_x000D_\nngày", "12 ngày"), ("12_x000d_ngày", "12 ngày"), ("_x005F_x000D_", "_x000D_"),
        ("a_x0009_b", "a b"), ("_xD83D__xDE00_", "😀"), ("_x00G0_", "_x00G0_"), ("x_x_000D_", "x_x_000D_"),
    ],
)  # fmt: skip
def test_escaped_character_is_the_character(stored: str, seen: str) -> None:
    assert parse_one(workbook(headings() + figure(number("9"), number("9"), evidence=text(stored))))["evidence"] == seen


def test_escapes_in_headings_codes_and_shared_strings_are_undone() -> None:
    names = ["Mã chỉ tiêu", "Mã đơn vị", "Kỳ báo cáo", "Tử_x000D_\nsố", "Mẫu số", "Văn bản minh chứng"]
    assert (
        parse_one(workbook(headings(names) + figure(number("9"), number("9"), agency="H58.10_x000D_\n")))["agency_code"]
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
    assert parse_one(workbook(headings() + figure(number("1"), number("2")) + empty))["numerator"] == 1


# Strict Open XML, looks, and where cells are.


@pytest.mark.parametrize("styles", [STYLES, ""])
def test_strict_open_xml_is_read_as_the_ordinary_kind(styles: str) -> None:
    read = parse_figure(number("12"), number("13"), namespaces=STRICT, styles=styles)
    assert (read["numerator"], read["denominator"]) == (12, 13)


def test_strict_open_xml_has_percents_days_and_shared_strings_too() -> None:
    assert parse_figure(number("0.8712", PERCENT), namespaces=STRICT)["percent"] == ["Tử số"]
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
        headings() + figure(number("9"), number("9"), evidence='<c t="s"><v>0</v></c>'),
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
    read = parse_one(workbook(headings() + figure(number("7"), number("9", 77)), parts=parts))
    assert (read["numerator"], read["denominator"]) == (7, 9)


def test_looks_behind_a_defect_are_still_read() -> None:
    broken = f'<styleSheet xmlns="{NAMESPACES["main"]}">{STYLES}<cellStyles><cellStyle xfId="nhiều"'
    read = parse_one(workbook(headings() + figure(number("0.8712", PERCENT), HUNDRED), parts={"xl/styles.xml": broken}))
    assert read["percent"] == ["Tử số"]


@pytest.mark.parametrize(
    "stray", [text("x", "C1048576"), text("x", "XFD1048576") + text("y", "D1048576"), number("1", 3, "D1048576")]
)
def test_cost_is_that_of_the_cells_not_of_the_last_row(stray: str, tmp_path: Path) -> None:
    content = workbook(headings() + figure(number("7"), number("9")) + row([stray], 1_048_576))
    began = time.process_time()
    response, rows = parse(content)
    assert (response["refusal"], rows[0]["numerator"], len(rows)) == (None, 7, 2)
    reasons = {("ChiTieu", 1_048_576): ["value_missing"]}
    (copy,) = write_given_back(tmp_path, SentFile("bc.xlsx", "ab" * 32, content), WANTED, reasons, ())
    assert time.process_time() - began < 2  # a million rows took 17 s
    assert copy.stat().st_size < 20_000
    assert openpyxl.load_workbook(copy)["ChiTieu"].max_row < 50


# Programs.


@pytest.mark.parametrize("program", ["libreoffice", "sheetjs", "exceljs", "xlsxwriter-1904"])
def test_what_programs_write_says_the_same(program: str) -> None:
    content = (WRITTEN_BY / f"{program}.xlsx").read_bytes()
    response, (survey, count, task) = parse(content)
    assert response["refusal"] is None
    assert (survey["numerator"], survey["denominator"], survey["percent"]) == (Decimal("87.12"), 100, ["Tử số"])
    assert survey["evidence"] == "Công văn số 12 ngày 03/01/2025"
    assert (count["numerator"], count["denominator"], count["evidence"], count["percent"]) == (4, 5, "BC 2", None)
    assert (task["status"], task["done_on"], task["coerced"]) == ("done", date(2024, 2, 18), None)
    assert list_hidden_sheets(open_sheets(content, "bc.xlsx"), WANTED) == ["Nháp"]


def test_error_that_libreoffice_writes_is_told_with_its_cell() -> None:
    response, _ = parse((WRITTEN_BY / "libreoffice-error.xlsx").read_bytes())
    assert response["refusal_detail"] == "trang “ChiTieu”, ô D3 (cột Tử số): #NAME?"


def test_workbook_as_google_sheets_exports_it_is_read() -> None:
    """Prefixed namespaces, a thousand formatted rows, shared strings, formulas of text with t="str"."""
    main = NAMESPACES["main"]
    strings = [
        "II.6-1",
        "H58.02",
        "2024-Q4",
        *(name for name in ("Mã chỉ tiêu", "Mã đơn vị", "Kỳ báo cáo", "Tử số", "Mẫu số")),
    ]
    shared = "".join(f'<x:si><x:t xml:space="preserve">{one}</x:t></x:si>' for one in strings)
    head = "".join(f'<x:c r="{letter}1" s="1" t="s"><x:v>{at + 3}</x:v></x:c>' for at, letter in enumerate("ABCDE"))
    good = "".join(f'<x:c r="{letter}2" s="1" t="s"><x:v>{at}</x:v></x:c>' for at, letter in enumerate("ABC"))
    good += '<x:c r="D2" s="1"><x:v>0.9</x:v></x:c><x:c r="E2"><x:f>2</x:f><x:v>1.0</x:v></x:c>'
    empty = "".join(f'<x:row r="{at}"><x:c r="A{at}" s="1"/><x:c r="D{at}" s="1"/></x:row>' for at in range(3, 1001))
    rows = f'<x:row r="1">{head}</x:row><x:row r="2">{good}</x:row>{empty}'
    sheet = f'<x:worksheet xmlns:x="{main}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'
    rels = (
        f"<Relationships {PACKAGE}>"
        f'<Relationship Id="rId1" Type="{NAMESPACES["relations"]}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{NAMESPACES["relations"]}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="rId3" Type="{NAMESPACES["relations"]}/styles" Target="styles.xml"/></Relationships>'
    )
    content = workbook("", parts={
        "xl/worksheets/sheet1.xml": sheet, "xl/_rels/workbook.xml.rels": rels,
        "xl/sharedStrings.xml": f'<x:sst xmlns:x="{main}">{shared}</x:sst>',
    })  # fmt: skip
    read = parse_one(content)
    assert (read["code"], read["numerator"], read["denominator"], read["percent"]) == ("II.6-1", 90, 1, ["Tử số"])


def test_workbook_as_wps_writes_it_is_read() -> None:
    """East Asian number formats, attributes of its own, an extension list that names things nobody knows."""
    formats = '<numFmts><numFmt numFmtId="177" formatCode="0.00%;[Red]-0.00%;;@"/></numFmts>'
    styles = f'{formats}<cellXfs><xf numFmtId="0"/><xf numFmtId="177"/><xf numFmtId="31"/></cellXfs>'
    extension = '<extLst><ext uri="{7C2C0E52}" xmlns:etc="http://www.wps.cn/officeDocument/2017/etCustomData"><etc:wpsFlag/></ext></extLst>'
    survey = figure(number("0.8712", 1), HUNDRED, code="II.10-1", agency="H58")
    assert parse_one(workbook(headings() + survey, styles=styles + extension))["numerator"] == Decimal("87.12")
    task = row([text("PL.I.1"), text("H58.07"), text("hoàn thành"), number("45340", 2), text("VB 3")])
    read = parse_one(workbook(headings(TASK_HEADINGS) + task, names=["NhiemVu"], styles=styles))
    assert read["done_on"] == date(2024, 2, 18)


def test_workbook_as_numbers_of_a_mac_exports_it_is_read() -> None:
    """A sheet of its own before the tables, parts under absolute names, titles above the headings."""
    title = row([text("Báo cáo CCHC", "B1")], 1)
    head = row(
        [
            text(name, f"{letter}3")
            for letter, name in zip(
                "BCDEFG",
                ("Mã chỉ tiêu", "Mã đơn vị", "Kỳ báo cáo", "Tử số", "Mẫu số", "Văn bản minh chứng"),
                strict=True,
            )
        ],
        3,
    )
    good = row(
        [text("II.6-1", "B4"), text("H58.02", "C4"), text("2024-Q4", "D4"), number("4", 0, "E4"), number("5", 0, "F4")],
        4,
    )
    content = workbook(
        row([text("Export Summary", "B2")], 2), title + head + good, names=["Export Summary", "ChiTieu - Bảng 1"]
    )
    read = parse_one(content)
    assert (read["pointer"], read["numerator"]) == ("ChiTieu - Bảng 1!4", 4)
    assert '"cell": "ChiTieu - Bảng 1!E4"' in read["cells"]


def point_to(part: str) -> str:
    """The relations of a package whose document is ``part``."""
    return f'<Relationships {PACKAGE}><Relationship Id="a" Type="x/officeDocument" Target="{part}"/></Relationships>'


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"_rels/.rels": point_to("xl/workbook.bin")}, ".xlsb"),
        ({"_rels/.rels": "<Relationships/>", "xl/workbook.xml": "<a"}, "hỏng"),
        ({"_rels/.rels": point_to("word/document.xml"), "word/document.xml": "<x/>"}, ".docx"),
        ({"_rels/.rels": point_to("elsewhere.xml"), "content.xml": "<x/>"}, ".ods"),
    ],
)
def test_other_formats_are_refused_by_their_name(parts: dict[str, str], says: str) -> None:
    response, _ = parse(workbook(headings(), parts=parts))
    assert response["refusal"] == "not_a_workbook"
    assert says in response["refusal_detail"]


def test_values_that_are_not_numbers_keep_their_kind() -> None:
    (sheet,) = read_sheets(workbook(row([
        number("45340", DAY), number("0.5", DAY), number("0.5", PERCENT), '<c t="b"><v>1</v></c>',
        '<c t="str"><f>A1</f><v></v></c>', number("1", NOT_SHOWN), text("cuối"),
    ])))  # fmt: skip
    day, hour, percent, truth, empty, unseen, last = sheet.rows[0][1]
    assert (day, percent, truth, empty, last) == (datetime(2024, 2, 18), Percent(Decimal(50)), True, None, "cuối")  # noqa: DTZ001
    assert isinstance(unseen, Unseen)
    assert str(hour) == "12:00:00"


def test_zero_that_its_format_leaves_blank_is_zero() -> None:
    assert parse_figure(number("0", NOT_SHOWN))["numerator"] == 0


def test_sheet_of_the_whole_width_is_read_to_its_widest_column() -> None:
    file = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append([f"c{at}" for at in range(300)])
    book.save(file)
    (sheet,) = read_sheets(file.getvalue())
    assert len(sheet.rows[0][1]) == 256


# What a reader of the sheet sees otherwise than the file holds.


@pytest.mark.parametrize(
    "runs",
    [
        '<r><t>120</t></r><r><rPr><vertAlign val="superscript"/></rPr><t>1</t></r>',
        "<r><rPr><strike/></rPr><t>120</t></r><r><t> 150</t></r>",
        '<r><rPr><strike val="1"/></rPr><t>120</t></r>',
    ],
)
def test_number_with_a_footnote_or_struck_out_is_not_read(runs: str) -> None:
    read = parse_figure(f'<c t="inlineStr"><is>{runs}</is></c>')
    assert (read["numerator"], read["unseen"]) == (None, ["Tử số"])


def test_bold_and_coloured_parts_are_one_text() -> None:
    runs = '<r><rPr><b/><strike val="0"/><vertAlign val="baseline"/></rPr><t>1</t></r><r><t>20</t></r>'
    assert parse_figure(f'<c t="inlineStr"><is>{runs}</is></c>')["numerator"] == 120


@pytest.mark.parametrize("between", ["\n", "\t", "_x000D_\n", "\u2028"])
def test_two_numbers_in_one_cell_are_none(between: str) -> None:
    assert parse_figure(text(f"12{between}150"))["numerator"] is None


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
def test_number_is_what_its_format_shows_or_not_read(format_code: str, stored: str, seen: str | None) -> None:
    code = format_code.replace('"', "&quot;")
    styles = f'<numFmts><numFmt numFmtId="200" formatCode="{code}"/></numFmts><cellXfs><xf numFmtId="200"/></cellXfs>'
    read = parse_figure(number(stored, 0), text("100"), styles=styles)
    assert read["numerator"] == (None if seen is None else Decimal(seen))


def test_code_of_a_format_of_zeros_keeps_them() -> None:
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
def test_what_is_no_number_in_a_numeric_cell_stops_no_reader(stored: str) -> None:
    response, rows = parse(workbook(headings() + figure(number(stored), number("9"))))
    assert response["refusal"] == "formula_error" or rows[0]["numerator"] is None


@pytest.mark.parametrize("sign", ["_x0000_", "_xD800_", "_x0001_"])
def test_sign_that_no_database_holds_is_replaced_wherever_it_stands(sign: str) -> None:
    names = [*HEADINGS_OF_FIGURES, f"Thêm{sign}"]
    response, rows = parse(workbook(headings(names) + figure(number("1"), number("9")), names=[f"Trang{sign}"]))
    shown = f"{response} {rows}"
    assert not any(one in shown for one in ("\x00", "\ud800", "\\x00", "\\ud800", "\x01"))
    assert rows[0]["numerator"] == 1


def test_formula_of_text_without_a_value_is_an_error() -> None:
    response, _ = parse(workbook(headings() + figure('<c t="str"><f>A1</f></c>', number("9"))))
    assert response["refusal"] == "formula_error"


def test_broken_sheet_that_is_hidden_harms_no_other() -> None:
    content = workbook(headings() + figure(number("7"), number("9")), "", states=["visible", "hidden"],
                       parts={"xl/worksheets/sheet2.xml": "<worksheet"})  # fmt: skip
    assert parse_one(content)["numerator"] == 7


def test_sheet_that_lacks_one_heading_beside_a_good_one_is_told() -> None:
    names = [name.replace("Tử số", "Tử số (hồ sơ)") for name in HEADINGS_OF_FIGURES]
    good = headings() + figure(number("7"), number("9"))
    response, _ = parse(workbook(good, headings(names) + figure(number("1"), number("2")), names=["Quý 3", "Quý 4"]))
    assert response["refusal"] == "no_headings"
    assert "trang “Quý 4” thiếu cột Tử số" in response["refusal_detail"]


def test_second_table_with_the_same_columns_is_read_and_one_with_others_is_refused() -> None:
    again = row([text(name) for name in HEADINGS_OF_FIGURES], 3) + row(
        [text("II.6-1"), text("H58.03"), text("2024-Q4"), number("1"), number("2"), text("BC")], 4
    )
    _, rows = parse(workbook(headings() + figure(number("7"), number("9")) + again))
    assert [one["numerator"] for one in rows] == [7, 1]
    swapped = again.replace("Tử số", "?").replace("Mẫu số", "Tử số").replace("?", "Mẫu số")
    response, _ = parse(workbook(headings() + figure(number("7"), number("9")) + swapped))
    assert response["refusal"] == "no_headings"
    assert "bảng thứ hai từ dòng 3" in response["refusal_detail"]
