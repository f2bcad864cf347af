"""Files of the inbox through whole runs: hostile ones, corrections, the treasury's exports in either unit."""

from __future__ import annotations

import csv
import io
import os
from datetime import date, datetime
from decimal import Decimal
from functools import partial

import pytest

from cchc.calendar import LOCAL
from cchc.sources.inbox import select_complete
from tests.runs.conftest import FILES_WELL
from tests.spreadsheets.hostile_workbooks import GOOD_ROW, HEADINGS, REJECTED, write_workbook

DAY = date(2024, 6, 30)
HOSTILE = ("zeros_200_mb", "locked", "macro", "merged_headings", "formula_with_error", "web_page")


@pytest.fixture
def inbox(installation):
    """An inbox and nothing else: the other sources are not connected."""
    installation.connect_inbox()
    return installation.inbox


def put(inbox, name, content, saved_at=None):
    path = inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if saved_at:
        os.utime(path, (saved_at.timestamp(), saved_at.timestamp()))


def report(*rows):
    return write_workbook([HEADINGS, *rows])


def test_hostile_files_are_rejected_and_the_others_are_published(installation, inbox):
    for name in HOSTILE:
        put(inbox, f"H58.40/{name}.xlsx", REJECTED[name][0]())
    put(inbox, "H58.40/too-large.csv", b"0" * (20 * 2**20 + 1))
    put(inbox, "H58.31/good.xlsx", report(GOOD_ROW))
    # A column further right than its heading; last year's template; text that looks like a formula.
    put(inbox, "H58.41/shifted.xlsx", report([None, *GOOD_ROW[:-1]]))
    put(inbox, "H58.41/last-year.xlsx", report([*GOOD_ROW[:2], "2023-Q4", 1, 1, "Số 1", None]))
    text = ";".join(HEADINGS[:6]) + "\nII.2-3;H58.32;2024-Q1;1;1,0;=cmd|' /C calc'!A0\n"
    put(inbox, "H58.32/text.csv", text.encode())
    put(inbox, "H58.32/formula.xlsx", report([*GOOD_ROW[:5], "=cmd|' /C calc'!A0", None]))
    assert installation.run_day(DAY) == FILES_WELL

    stopped = dict(
        installation.query("select split_part(error, ',', 1), stop_rules from ops.load where status = 'stopped'")
    )
    assert stopped == {f"{name}.xlsx": [REJECTED[name][1]] for name in HOSTILE} | {
        "too-large.csv": ["too_large"],
        "formula.xlsx": ["formula_error"],
    }
    figures = installation.query("select agency_code, numerator, evidence from core.return_value order by agency_code")
    assert figures == [("H58.31", 1, "Số 12/BC-UBND"), ("H58.32", 1, "=cmd|' /C calc'!A0")]
    rejected_files = {path.name.split(".")[0] for path in inbox.glob("*/tra-lai/*")}
    assert rejected_files == {*HOSTILE, "too-large", "shifted", "last-year", "formula"}
    assert installation.query(
        "select numerator, denominator, quality_flags from mart.indicator_attainment where as_of_date = %s"
        " and agency_code = 'H58' and indicator_code = 'II.2-3' and variant = 'primary'",
        DAY,
    ) == [(2, 11, ["partial"])]


def test_of_two_files_for_one_value_the_one_seen_later_counts_and_each_is_loaded_once(installation, inbox):
    def read_numerator():
        return installation.query(
            "select numerator from mart.indicator_attainment where as_of_date = %s and agency_code = 'H58.31'"
            " and indicator_code = 'II.2-3' and variant = 'primary'",
            DAY,
        )[0][0]

    put(inbox, "H58.31/a.xlsx", report(GOOD_ROW))
    installation.run_day(DAY)
    assert read_numerator() == 1
    put(inbox, "H58.31/b.xlsx", report([*GOOD_ROW[:3], 0, *GOOD_ROW[4:]]))
    put(inbox, "H58.31/copy of a.xlsx", (inbox / "H58.31/a.xlsx").read_bytes())
    installation.run_day(date(2024, 7, 1))
    assert read_numerator() == 0  # the day in June was computed again
    assert installation.query("select count(*) from ops.load") == [(2,)]
    put(inbox, "H58.31/c.xlsx", report([*GOOD_ROW[:5], "Số 20/BC-UBND", None]))
    installation.run_day(DAY)  # a repeated run of an old day sees a file that no run has seen
    assert read_numerator() == 1


def test_of_two_files_of_one_day_the_one_saved_later_counts_and_the_other_gets_a_receipt(installation, inbox):
    # Whichever hash is greater, in one pair it is not that of the later file.
    pairs = {"H58.31": ("a.xlsx", "b.xlsx"), "H58.32": ("b.xlsx", "a.xlsx")}
    for agency, (earlier, later) in pairs.items():
        for hour, (name, numerator) in enumerate([(earlier, 0), (later, 1)], 8):
            row = [GOOD_ROW[0], agency, GOOD_ROW[2], numerator, *GOOD_ROW[4:]]
            put(inbox, f"{agency}/{name}", report(row), datetime(2024, 6, 30, hour, tzinfo=LOCAL))
    assert installation.run_day(DAY) == FILES_WELL
    chosen = """
    select agency_code, numerator from mart.indicator_attainment
    where as_of_date = %s and variant = 'primary' and indicator_code = 'II.2-3' and agency_code in ('H58.31', 'H58.32')
    order by agency_code
    """
    assert installation.query(chosen, DAY) == [("H58.31", 1), ("H58.32", 1)]

    receipts = {f"{path.parent.parent.name}/{path.name.split('.')[0]}": path for path in inbox.glob("*/tra-lai/*")}
    assert set(receipts) == {"H58.31/a", "H58.32/b"}
    text = receipts["H58.31/a"].read_text("utf-8-sig")
    assert "1 số liệu của tệp này không được dùng." in text
    assert "Tệp H58.31/b.xlsx nhận cùng ngày" in text
    assert "tệp đó lưu lúc 09:00:00 ngày 30/06/2024, tệp này lưu lúc 08:00:00 ngày 30/06/2024" in text
    assert "- II.2-3, H58.31, 31/03/2024" in text

    # Another run of the same day, then a correction of a later day, which is ordinary.
    last = [*GOOD_ROW[:3], 0, *GOOD_ROW[4:5], "Số 30/BC-UBND", None]
    put(inbox, "H58.31/c.xlsx", report(last), datetime(2024, 6, 30, 10, tzinfo=LOCAL))
    beside = inbox / "H58.32" / "tra-lai"
    beside.rename(installation.home / "elsewhere")
    beside.symlink_to(installation.home / "elsewhere")  # a receipt that can't be written stops nothing
    assert installation.run_day(DAY) == FILES_WELL
    assert installation.query(chosen, DAY) == [("H58.31", 0), ("H58.32", 1)]
    receipts = {path.name.split(".")[0]: path.read_text("utf-8-sig") for path in inbox.glob("H58.31/tra-lai/*")}
    assert set(receipts) == {"a", "b"}
    assert all("Tệp H58.31/c.xlsx nhận cùng ngày" in text for text in receipts.values())
    put(inbox, "H58.31/d.xlsx", report([*last[:3], 1, *last[4:]]))
    assert installation.run_day(date(2024, 7, 1)) == FILES_WELL
    assert installation.query(chosen, DAY) == [("H58.31", 1), ("H58.32", 1)]
    assert {path.name.split(".")[0] for path in inbox.glob("H58.31/tra-lai/*")} == {"a", "b"}


def test_file_that_is_still_being_copied_waits_for_the_next_run(installation, inbox, monkeypatch):
    def read_value(day):
        return installation.query(
            "select numerator, denominator, round(value, 2) from mart.indicator_attainment where as_of_date = %s"
            " and agency_code = 'H58' and indicator_code = 'II.4-3' and variant = 'primary'",
            day,
        )[0]

    columns = (0, 1, 2, 5, 3, 4)
    whole = ";".join(HEADINGS[at] for at in columns) + "\nII.4-3;H58;2024-Q1;Số 12/BC-SNV;58;604"
    put(inbox, "H58.02/bc.csv", whole.encode()[:-1])  # 58 of 60: 96.67 %
    put(inbox, "H58.31/good.xlsx", report(GOOD_ROW))
    waits = []

    def copy_on(seconds):
        waits.append(seconds)
        put(inbox, "H58.02/bc.csv", whole.encode())

    monkeypatch.setattr("cchc.tasks.inbox.select_complete", partial(select_complete, wait=copy_on))
    assert installation.run_day(DAY, are_files_complete=False) == FILES_WELL
    assert waits
    assert read_value(DAY) == (None, None, None)
    assert installation.query("select count(*) from core.return_value") == [(1,)]  # the other file is loaded
    assert installation.run_day(date(2024, 7, 1)) == FILES_WELL
    assert read_value(DAY) == (58, 604, Decimal("9.60"))


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
    return write_csv([row])


def write_csv(rows):
    """A CSV as a Vietnamese Excel saves it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def test_exports_in_either_unit_give_the_same_values_and_a_wrong_unit_is_stopped_with_its_project(installation, inbox):
    put(inbox, "kho-bac/dong.csv", export("2024-06-15", 50_000_000_000, 20_000_000_000, 2_500_000_000, 1))
    put(inbox, "kho-bac/trieu.csv", export("2024-06-20", 50_000, 20_000, 2_500, 1_000_000))
    put(inbox, "kho-bac/lying.csv", export("2024-06-25", 50_000, 20_000, 2_500, 1_000))
    assert installation.run_day(DAY) == FILES_WELL
    rows = installation.query(
        "select closed_on, plan_vnd, paid_vnd, rate_pct, received_unit_vnd from mart.disbursement order by closed_on"
    )
    assert rows == [
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


def test_export_corrected_in_an_effective_date_counts_once(installation, inbox):
    def read_row():
        return installation.query(
            "select numerator, denominator, value from mart.indicator_attainment where as_of_date = %s"
            " and indicator_code = 'II.7-1' and variant = 'primary'",
            DAY,
        )

    def put_export(name, effective_on):
        other = ROW | {"MaDuAn": "7412346"}
        lines = [
            ROW | {"NgayHieuLuc": effective_on, "ThanhToanKLHT": 25_000, "TamUngChuaThuHoi": 0},
            other | {"ThanhToanKLHT": 30_000, "TamUngChuaThuHoi": 500},
        ]
        amounts = {"NgayKetSo": "2024-06-30", "KeHoachVon": 50_000, "DonViTien": 1_000_000}
        put(inbox, name, write_csv([line | amounts for line in lines]))

    put_export("kho-bac/thang-6.csv", "2024-01-01")
    assert installation.run_day(DAY) == FILES_WELL
    right = [(55_500_000_000, 100_000_000_000, Decimal("55.5"))]
    assert read_row() == right
    put_export("kho-bac/thang-6-sua.csv", "2024-02-01")
    assert installation.run_day(date(2024, 7, 2)) == FILES_WELL
    assert read_row() == right  # not 80.5
    assert installation.query("select changed_rows from ops.load order by finished_at") == [(2,), (2,)]
