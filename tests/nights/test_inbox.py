"""Files of the inbox through whole nights: hostile ones, corrections, the treasury's exports in either unit."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from tests.nights.conftest import FILES_WELL
from tests.sources.hostile_workbooks import GOOD_ROW, HEADINGS, REFUSED, write_workbook

DAY = date(2024, 6, 30)
HOSTILE = ("zeros_200_mb", "locked", "macro", "merged_headings", "formula_with_error", "web_page")


@pytest.fixture
def inbox(installation):
    """An inbox and nothing else: the other sources are not connected."""
    installation.connect_inbox()
    return installation.inbox


def put(inbox, name, content):
    path = inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def report(*rows):
    return write_workbook([HEADINGS, *rows])


def test_hostile_files_go_back_and_the_others_are_unharmed(installation, inbox):
    for name in HOSTILE:
        put(inbox, f"H58.40/{name}.xlsx", REFUSED[name][0]())
    put(inbox, "H58.40/too-large.csv", b"0" * (20 * 2**20 + 1))
    put(inbox, "H58.31/good.xlsx", report(GOOD_ROW))
    # A column further right than its heading; last year's template; text that looks like a formula.
    put(inbox, "H58.41/shifted.xlsx", report([None, *GOOD_ROW[:-1]]))
    put(inbox, "H58.41/last-year.xlsx", report([*GOOD_ROW[:2], "2023-Q4", 1, 1, "Số 1", None]))
    text = ";".join(HEADINGS[:6]) + "\nII.2-3;H58.32;2024-Q1;1;1,0;=cmd|' /C calc'!A0\n"
    put(inbox, "H58.32/text.csv", text.encode())
    put(inbox, "H58.32/formula.xlsx", report([*GOOD_ROW[:5], "=cmd|' /C calc'!A0", None]))
    assert installation.run_night(DAY) == FILES_WELL

    stopped = dict(
        installation.query("select split_part(error, ',', 1), stop_rules from ops.load where status = 'stopped'")
    )
    assert stopped == {f"{name}.xlsx": [REFUSED[name][1]] for name in HOSTILE} | {
        "too-large.csv": ["too_large"],
        "formula.xlsx": ["formula_error"],
    }
    figures = installation.query("select agency_code, numerator, evidence from core.return_figure order by agency_code")
    assert figures == [("H58.31", 1, "Số 12/BC-UBND"), ("H58.32", 1, "=cmd|' /C calc'!A0")]
    given_back = {path.name.split(".")[0] for path in inbox.glob("*/tra-lai/*")}
    assert given_back == {*HOSTILE, "too-large", "shifted", "last-year", "formula"}
    assert installation.query(
        "select numerator, denominator, quality_flags from mart.indicator_attainment where as_of_date = %s"
        " and agency_code = 'H58' and indicator_code = 'II.2-3' and variant = 'primary'",
        DAY,
    ) == [(2, 11, ["partial"])]


def test_of_two_files_for_one_cell_the_one_seen_later_counts_and_each_is_taken_once(installation, inbox):
    def read_numerator():
        return installation.query(
            "select numerator from mart.indicator_attainment where as_of_date = %s and agency_code = 'H58.31'"
            " and indicator_code = 'II.2-3' and variant = 'primary'",
            DAY,
        )[0][0]

    put(inbox, "H58.31/a.xlsx", report(GOOD_ROW))
    installation.run_night(DAY)
    assert read_numerator() == 1
    put(inbox, "H58.31/b.xlsx", report([*GOOD_ROW[:3], 0, *GOOD_ROW[4:]]))
    put(inbox, "H58.31/copy of a.xlsx", (inbox / "H58.31/a.xlsx").read_bytes())
    installation.run_night(date(2024, 7, 1))
    assert read_numerator() == 0  # the day in June was computed again
    assert installation.query("select count(*) from ops.load") == [(2,)]
    put(inbox, "H58.31/c.xlsx", report([*GOOD_ROW[:5], "Số 20/BC-UBND", None]))
    installation.run_night(DAY)  # an old day run again sees a file that no night has seen
    assert read_numerator() == 1


ROW = {
    "NienDo": 2024, "MaDuAn": "7412345", "TenDuAn": "Đường tỉnh 864", "MaChuDauTu": "1012345", "MaNguonVon": "41",
    "LoaiKeHoach": "TTG", "SoQuyetDinh": "1600/QĐ-TTg", "NgayHieuLuc": "2024-01-01", "KeHoachKeoDai": 0,
}  # fmt: skip


def export(closed_on, plan, completed, advance, unit):
    """A treasury's export of one project."""
    row = ROW | {
        "NgayKetSo": closed_on, "KeHoachVon": plan, "ThanhToanKLHT": completed, "TamUngChuaThuHoi": advance,
        "DonViTien": unit,
    }  # fmt: skip
    text = io.StringIO()
    writer = csv.DictWriter(text, row, delimiter=";")
    writer.writeheader()
    writer.writerow(row)
    return text.getvalue().encode("utf-8-sig")


def test_exports_in_either_unit_tell_the_same_and_one_that_lies_is_stopped_with_its_project(installation, inbox):
    put(inbox, "kho-bac/dong.csv", export("2024-06-15", 50_000_000_000, 20_000_000_000, 2_500_000_000, 1))
    put(inbox, "kho-bac/trieu.csv", export("2024-06-20", 50_000, 20_000, 2_500, 1_000_000))
    put(inbox, "kho-bac/lying.csv", export("2024-06-25", 50_000, 20_000, 2_500, 1_000))
    assert installation.run_night(DAY) == FILES_WELL
    told = installation.query(
        "select closed_on, plan_vnd, paid_vnd, rate_pct, received_unit_vnd from mart.disbursement order by closed_on"
    )
    assert told == [
        (date(2024, 6, 15), 50_000_000_000, 22_500_000_000, 45, 1),
        (date(2024, 6, 20), 50_000_000_000, 22_500_000_000, 45, 1_000_000),
    ]
    (error,) = installation.query("select error from ops.load where status = 'stopped'")[0]
    assert "unit_slip" in error
    assert "7412345" in error
    assert installation.query(
        "select value, data_date, is_stale from mart.indicator_attainment where as_of_date = %s"
        " and indicator_code = 'II.7-1' and variant = 'primary'",
        DAY,
    ) == [(45, date(2024, 6, 20), True)]
    assert [path.name.split(".")[0] for path in inbox.glob("*/tra-lai/*.csv")] == ["lying"]
