"""Workbooks of every program have the same values; files of other kinds are rejected by name."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from cchc.fields.cells import Percent, Unseen
from cchc.spreadsheets.workbook import list_hidden_sheets, open_sheets
from cchc.spreadsheets.xlsx_reader import read_sheets
from tests.spreadsheets.hostile_workbooks import WANTED
from tests.spreadsheets.parsed_files import HUNDRED, parse, parse_one, parse_value
from tests.spreadsheets.sent_workbooks import (
    DAY,
    NAMESPACES,
    NOT_SHOWN,
    PERCENT,
    TASK_HEADINGS,
    headings,
    number,
    pair,
    row,
    text,
    workbook,
)

WRITTEN_BY = Path(__file__).parent / "written_by"
PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'


@pytest.mark.parametrize("program", ["libreoffice", "sheetjs", "exceljs", "xlsxwriter-1904"])
def test_workbook_of_each_program_has_the_same_values(program: str) -> None:
    content = (WRITTEN_BY / f"{program}.xlsx").read_bytes()
    response, (survey, count, task) = parse(content)
    assert response["parse_failure"] is None
    assert (survey["numerator"], survey["denominator"], survey["percent"]) == (Decimal("87.12"), 100, ["Tử số"])
    assert survey["evidence"] == "Công văn số 12 ngày 03/01/2025"
    assert (count["numerator"], count["denominator"], count["evidence"], count["percent"]) == (4, 5, "BC 2", None)
    assert (task["status"], task["done_on"], task["coerced"]) == ("done", date(2024, 2, 18), None)
    assert list_hidden_sheets(open_sheets(content, "bc.xlsx"), WANTED) == ["Nháp"]


def test_error_of_libreoffice_is_rejected_with_its_cell() -> None:
    response, _ = parse((WRITTEN_BY / "libreoffice-error.xlsx").read_bytes())
    assert response["parse_failure_detail"] == "trang “ChiTieu”, ô D3 (cột Tử số): #NAME?"


def test_workbook_of_google_sheets_is_read() -> None:
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


def test_workbook_of_wps_is_read() -> None:
    """East Asian number formats, attributes of its own, an extension list that names things nobody knows."""
    formats = '<numFmts><numFmt numFmtId="177" formatCode="0.00%;[Red]-0.00%;;@"/></numFmts>'
    styles = f'{formats}<cellXfs><xf numFmtId="0"/><xf numFmtId="177"/><xf numFmtId="31"/></cellXfs>'
    extension = '<extLst><ext uri="{7C2C0E52}" xmlns:etc="http://www.wps.cn/officeDocument/2017/etCustomData"><etc:wpsFlag/></ext></extLst>'
    survey = pair(number("0.8712", 1), HUNDRED, code="II.10-1", agency="H58")
    assert parse_one(workbook(headings() + survey, styles=styles + extension))["numerator"] == Decimal("87.12")
    task = row([text("PL.I.1"), text("H58.07"), text("hoàn thành"), number("45340", 2), text("VB 3")])
    read = parse_one(workbook(headings(TASK_HEADINGS) + task, names=["NhiemVu"], styles=styles))
    assert read["done_on"] == date(2024, 2, 18)


def test_workbook_of_apple_numbers_is_read() -> None:
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
def test_other_formats_are_rejected_by_name(parts: dict[str, str], says: str) -> None:
    response, _ = parse(workbook(headings(), parts=parts))
    assert response["parse_failure"] == "not_a_workbook"
    assert says in response["parse_failure_detail"]


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
    assert parse_value(number("0", NOT_SHOWN))["numerator"] == 0


def test_sheet_of_the_whole_width_is_read_to_its_widest_column() -> None:
    file = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append([f"c{at}" for at in range(300)])
    book.save(file)
    (sheet,) = read_sheets(file.getvalue())
    assert len(sheet.rows[0][1]) == 256
