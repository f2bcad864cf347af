"""Files as people send them, through a whole run: each ends as its sender saw it, or is rejected with reasons."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest

from tests.runs.conftest import FILES_WELL
from tests.spreadsheets.sent_workbooks import (
    HEADINGS,
    PERCENT,
    STRICT,
    TASK_HEADINGS,
    headings,
    number,
    pair,
    row,
    text,
    workbook,
)

DAY = date(2024, 12, 31)
HUNDRED = number("100")


def count(agency, numerator, denominator, **more):
    """A row of an indicator that counts whole things."""
    return pair(numerator, denominator, agency=agency, **more)


def write_csv(delimiter, *rows):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([HEADINGS, *rows])
    return text.getvalue().encode("utf-8-sig")


TASK = row([text("PL.I.1"), text("H58.07"), text("hoàn thành"), number("43878"), text("VB 3")])
BUSY = '<c t="e"><v>#BUSY!</v></c>'
OWN_FILES = {
    "rate.xlsx": workbook(headings() + pair(number("0.8712", PERCENT), HUNDRED, "II.10-1", "H58")),
    "rate-over-sign.xlsx": workbook(headings() + pair(number("0.8712"), number("1", PERCENT), "II.10-2", "H58")),
    "count-percent.xlsx": workbook(headings() + count("H58.02", number("0.9", PERCENT), HUNDRED)),
    "half.xlsx": workbook(headings() + count("H58.03", number("10.5"), number("12"))),
    "english.xlsx": workbook(headings() + count("H58.04", text("1,234"), text("1.256"))),
    "english.csv": write_csv(",", ["II.6-1", "H58.05", "2024-Q4", "950", "1,256", "BC"]),
    "decimals.csv": ",".join(HEADINGS).encode() + b"\nII.6-1,H58.06,2024-Q4,9,5,12,BC\n",
    "mac.xlsx": workbook(headings(TASK_HEADINGS) + TASK, names=["NhiemVu"], properties='date1904="1"'),
    "error.xlsx": workbook(headings() + count("H58.08", number("9"), number("9"), evidence=BUSY)),
    "draft.xlsx": workbook(
        headings() + count("H58.09", number("7"), number("9")),
        headings() + row([text("II.6-1"), text("H58.09"), text("2024-Q3"), number("1"), number("9"), text("nháp")]),
        states=["visible", "veryHidden"], names=["ChiTieu", "Nháp"],
    ),
    "strict.xlsx": workbook(headings() + count("H58.10", number("12"), number("13")), namespaces=STRICT),
    "noise.xlsx": workbook(headings() + pair(number("84.99999999999999"), HUNDRED, "II.10-2", "H58")),
}  # fmt: skip


@pytest.fixture
def inbox(installation):
    """An inbox and nothing else: the other sources are not connected."""
    installation.connect_inbox()
    return installation.inbox


def list_values(installation):
    """Indicator, agency, period and parts of all figures that came into core."""
    return {
        (code, agency, period): (numerator, denominator)
        for code, agency, period, numerator, denominator in installation.query(
            "select indicator_code, agency_code, period, numerator, denominator from core.return_value"
        )
    }


def list_rejected(installation):
    """Agency → rules, and the cells that the quarantine names."""
    return {
        agency: (rules, {field: (cell["cell"], cell["read"]) for field, cell in (cells or {}).items()})
        for agency, rules, cells in installation.query(
            "select coalesce(payload ->> 'agency_code', payload ->> 'pointer'), rules, cells from ops.quarantine"
        )
    }


def read_attainment(installation, code):
    return installation.query(
        "select value, status, quality_flags from mart.indicator_attainment where as_of_date = %s"
        " and agency_code = 'H58' and indicator_code = %s and variant = 'primary'",
        DAY, code,
    )[0]  # fmt: skip


def test_values_are_as_their_senders_saw_them_or_rejected_with_their_cell(installation, inbox):
    for name, content in OWN_FILES.items():
        (inbox / name).write_bytes(content)
    assert installation.run_day(DAY) == FILES_WELL
    assert list_values(installation) == {
        ("II.10-1", "H58", "2024-Q4"): (Decimal("87.12"), 100),
        ("II.10-2", "H58", "2024-Q4"): (85, 100),
        ("II.6-1", "H58.09", "2024-Q4"): (7, 9),
        ("II.6-1", "H58.10", "2024-Q4"): (12, 13),
    }
    assert read_attainment(installation, "II.10-1") == (Decimal("87.12"), "attained", [])
    assert installation.query("select done_on from core.task_report") == [(date(2024, 2, 18),)]
    rejected = list_rejected(installation)
    both = {"Tử số": ("ChiTieu!D2", "0,8712"), "Mẫu số": ("ChiTieu!E2", "100 %")}
    assert rejected["H58"] == (["percent"], both)
    assert rejected["H58.02"][0] == ["percent"]
    assert rejected["H58.02"][1]["Tử số"] == ("ChiTieu!D2", "90 %")
    assert rejected["H58.03"] == (["not_whole"], {"Tử số": ("ChiTieu!D2", "10,5"), "Mẫu số": ("ChiTieu!E2", "12")})
    assert rejected["H58.04"][0] == ["ambiguous_number"]
    assert rejected["H58.05"] == (
        ["ambiguous_number"], {"Tử số": ("english.csv!D2", "950"), "Mẫu số": ("english.csv!E2", "1,256")},
    )  # fmt: skip
    assert rejected["decimals.csv!2"][0] == ["wrong_field_count"]
    assert len(rejected) == 6
    assert installation.query("select stop_rules from ops.load where status = 'stopped'") == [(["formula_error"],)]
    (receipt,) = inbox.glob("tra-lai/draft.*.bien-nhan.txt")
    assert "Trang đang ẩn không được đọc: “Nháp”." in receipt.read_text("utf-8-sig")
    (report,) = inbox.glob("tra-lai/half.*.tra-lai.xlsx")
    assert "ô D2 (Tử số) “10,5”" in openpyxl.load_workbook(report)["ChiTieu"]["A2"].value


def test_cases_of_former_errors_are_right(installation, inbox, shared):
    for path in (shared / "cases").glob("*/*.*"):
        if path.suffix in (".xlsx", ".csv"):
            (inbox / path.name).write_bytes(path.read_bytes())
    assert installation.run_day(DAY) == FILES_WELL
    assert list_values(installation) == {
        ("II.10-1", "H58", "2024-Q4"): (Decimal("87.12"), 100),  # percent-cell
        ("II.6-1", "H58.15", "2024-Q4"): (7, 9),  # hidden-sheet: no draft of 2024-Q3
        ("II.6-1", "H58.33", "2024-Q4"): (5, 6),  # invisible-signs
        ("II.6-1", "H58.33", "2024-Q3"): (5, 6),
        ("II.6-1", "H58.33", "2024-Q2"): (5, 6),
        ("II.6-1", "H58.17", "2024-Q4"): (7, 9),  # last-row
        ("II.6-1", "H58.06", "2024-Q4"): (12, 13),  # strict-ooxml
        ("II.6-1", "H58.09", "2024-Q4"): (9, 9),  # x000d-escapes
        ("II.6-1", "H58.10", "2024-Q4"): (9, 9),
    }
    assert read_attainment(installation, "II.10-1") == (Decimal("87.12"), "attained", [])
    evidence = installation.query("select evidence from core.return_value where agency_code = 'H58.09'")
    assert evidence == [("Công văn số 12 ngày 03/01/2025",)]
    assert installation.query("select done_on from core.task_report") == [(date(2024, 2, 18),)]  # mac-1904
    assert installation.query("select count(*) from core.disbursement") == [(0,)]  # english-csv
    rejected = list_rejected(installation)
    assert rejected["H58.19"][0] == ["ambiguous_number"]
    (treasury,) = installation.query("select rules from ops.quarantine where source = 'treasury'")[0]
    assert "ambiguous_number" in treasury
    stopped = installation.query("select split_part(error, ',', 1), stop_rules from ops.load where status = 'stopped'")
    assert dict(stopped) == {
        "khong-toa-do.xlsx": ["formula_error"],
        "loi-error.xlsx": ["formula_error"],
        "giai-ngan-du-an-moi.csv": ["too_many_rejected"],
    }
    (copy,) = inbox.glob("tra-lai/o-cuoi-cung.*.xlsx")
    assert copy.stat().st_size < 20_000
    (receipt,) = inbox.glob("tra-lai/trang-an.*.bien-nhan.txt")
    assert "“ChiTieu nháp”" in receipt.read_text("utf-8-sig")
