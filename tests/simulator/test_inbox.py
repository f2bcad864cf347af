"""The inbox: files that arrive, whose bytes never change."""

from __future__ import annotations

import csv
import unicodedata
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from simulator import return_records, treasury_records
from simulator.inbox import SENT_AT, list_files, write_inbox
from simulator.periods import LOCAL
from simulator.seeded_faults import read_seeded_faults

YEAR_END = date(2024, 12, 31)


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inbox")
    write_inbox(folder, YEAR_END)
    return folder


def read_bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def read_sheet(path: Path, sheet: str) -> list[dict[str, Any]]:
    headings, *rows = load_workbook(path)[sheet].iter_rows(values_only=True)
    return [dict(zip(headings, row, strict=True)) for row in rows]


def test_writing_day_by_day_ends_in_the_bytes_of_writing_once(inbox: Path, tmp_path: Path) -> None:
    for day in (date(2024, 4, 12), date(2024, 10, 9), date(2024, 10, 9), YEAR_END):
        paths = write_inbox(tmp_path, day)
        assert all(path.exists() for path in paths)
    assert read_bytes(tmp_path) == read_bytes(inbox)
    assert [str(path.relative_to(tmp_path)) for path in paths] == [file.path for file in list_files(YEAR_END, 1)]


def test_file_was_changed_on_the_day_of_its_arrival_whenever_it_is_written(inbox: Path) -> None:
    changed = {path: datetime.fromtimestamp(path.stat().st_mtime, LOCAL) for path in write_inbox(inbox, YEAR_END)}
    arrived = {inbox / file.path: datetime.combine(file.arrived_on, SENT_AT, LOCAL) for file in list_files(YEAR_END, 1)}
    assert changed == arrived


def test_year_brings_about_forty_files_into_senders_folders(inbox: Path) -> None:
    files = read_bytes(inbox)
    assert 35 < len(files) < 45
    assert {path.split("/")[0] for path in files} >= {"H58.01", "H58.02", "H58.04", "H58.31", "H58.41"}
    assert {path.rpartition(".")[2] for path in files} == {"xlsx", "csv"}


def test_what_the_pipeline_puts_beside_the_files_stays(tmp_path: Path) -> None:
    answer = tmp_path / "H58.04" / "bao-cao-2024-02-tra-lai.xlsx"
    answer.parent.mkdir()
    answer.write_bytes(b"")
    write_inbox(tmp_path, date(2024, 3, 11))
    assert sorted(path.name for path in answer.parent.iterdir()) == [
        "bao-cao-2024-02-tra-lai.xlsx",
        "bao-cao-2024-02.xlsx",
        "giai-ngan-2024-01.xlsx",
        "giai-ngan-2024-02.xlsx",
    ]


def test_workbook_holds_the_cells_that_are_said_to_be_reported(inbox: Path) -> None:
    path = "H58.02/bao-cao-2024-Q2.xlsx"
    reported = [row for row in return_records(YEAR_END) if row["file"] == path]
    for sheet in ("ChiTieu", "NhiemVu"):
        expected = [row for row in reported if row["sheet"] == sheet]
        read = read_sheet(inbox / path, sheet)
        assert len(read) == len(expected) > 100
        for row in read:
            row.update({key: value.date() for key, value in row.items() if isinstance(value, datetime)})
        assert read == [{heading: row[heading] for heading in read[0]} for row in expected]


def test_csv_is_the_one_that_a_vietnamese_excel_saves(inbox: Path) -> None:
    content = (inbox / "H58.15" / "bao-cao-2024-05.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    (row,) = csv.DictReader(content.decode("utf-8-sig").splitlines(), delimiter=";")
    assert (row["Mã chỉ tiêu"], row["Tử số"], row["Mẫu số"]) == ("II.10-2", "91,2 %", "100")


def test_one_workbook_has_its_marks_apart_and_stray_spaces(inbox: Path) -> None:
    headings = list(read_sheet(inbox / "H58.35" / "bao-cao-2024-Q3.xlsx", "ChiTieu")[0])
    assert headings[0] == unicodedata.normalize("NFD", "Mã chỉ tiêu") + " " != "Mã chỉ tiêu "


def test_export_has_the_rows_of_the_api_without_its_mistakes(inbox: Path) -> None:
    exported = read_sheet(inbox / "H58.04" / "giai-ngan-2024-09.xlsx", "GiaiNgan")
    assert exported == treasury_records(2024, date(2024, 9, 30), with_seeded_faults=False)
    assert exported != treasury_records(2024, date(2024, 9, 30))


@pytest.mark.parametrize(("month", "stated_unit"), [("04", 1_000_000), ("08", 1)])
def test_export_in_millions_states_its_unit_or_a_wrong_one(inbox: Path, month: str, stated_unit: int) -> None:
    (seeded,) = [p for p in read_seeded_faults().treasury.exports if f"{p.closed_on:%m}" == month]
    exported = read_sheet(inbox / "H58.04" / f"giai-ngan-2024-{month}.xlsx", "GiaiNgan")
    right = treasury_records(2024, seeded.closed_on, with_seeded_faults=False)
    assert {row["DonViTien"] for row in exported} == {stated_unit}
    for row, sound in zip(exported, right, strict=True):
        assert round(row["ThanhToanKLHT"] * 1_000_000) == sound["ThanhToanKLHT"]
        assert round(row["KeHoachVon"] * 1_000_000) == sound["KeHoachVon"]


def test_lying_export_is_replaced_by_a_right_one(inbox: Path) -> None:
    replaced = read_sheet(inbox / "H58.04" / "giai-ngan-2024-08-thay-the.xlsx", "GiaiNgan")
    assert replaced == treasury_records(2024, date(2024, 8, 31), with_seeded_faults=False)


def test_thirteenth_month_is_exported_after_it_closes() -> None:
    exports = [file.path for file in list_files(date(2025, 3, 31), 1) if "giai-ngan-2025" in file.path]
    assert exports == ["H58.04/giai-ngan-2025-01.xlsx"]
    assert not [file for file in list_files(date(2025, 2, 1), 1) if "giai-ngan-2025" in file.path]
