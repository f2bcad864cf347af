"""Rejection reports: the file with the reason beside each rejected row, and without anything that could run."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from upath import UPath

from cchc.fields.cells import CALENDAR_1904, show_cell
from cchc.settings import EXPECTATIONS
from cchc.sources.rejection_filing import file_rejection_reports
from cchc.spreadsheets.rejection_report import Reasons, SentFile, explain
from cchc.spreadsheets.workbook import read_tables
from tests.sources.opened_inbox import find_written, open_inbox
from tests.spreadsheets.hostile_workbooks import GOOD_ROW, HEADINGS, WANTED, locked, replace_parts, save, write_workbook
from tests.spreadsheets.sent_workbooks import PERCENT, headings, number, pair, text, workbook

COMMAND = "=cmd|' /C calc'!A0"
AMBIGUOUS_ROW = [*GOOD_ROW[:3], "9.5", 1]
REASON = "Lý do trả lại"


def sent(content: bytes, name: str = "so-tu-phap/bc.xlsx") -> SentFile:
    return SentFile(name, hashlib.sha256(content).hexdigest(), content)


def read_rows(path: Any) -> list[tuple[Any, ...]]:
    with path.open("rb") as stream:
        workbook = openpyxl.load_workbook(io.BytesIO(stream.read()))
    return [tuple(cell.value for cell in row) for row in workbook.worksheets[0].iter_rows()]


def write_back(
    folder: Any, file: SentFile, *rows: int, sheet: str = "ChiTieu", rules: tuple[str, ...] = ("negative",)
) -> Any:
    (path,) = write_all(folder, file, {(sheet, row_no): rules for row_no in rows}, ())
    return path


def write_all(folder: Any, file: SentFile, reasons: Reasons, stop_rules: Sequence[str]) -> list[Any]:
    written = file_rejection_reports(open_inbox(folder), file, WANTED, reasons, stop_rules)
    return [find_written(folder, address) for address in written]


def test_report_has_the_reason_beside_the_rejected_row_only(tmp_path: Path) -> None:
    file = sent(write_workbook([["Báo cáo"], [], HEADINGS, GOOD_ROW, GOOD_ROW, [*GOOD_ROW[:3], -1, 1]]))
    path = write_back(tmp_path, file, 6)
    assert path == tmp_path / "so-tu-phap" / "tra-lai" / f"bc.{file.sha256[:8]}.tra-lai.xlsx"
    rows = read_rows(path)
    assert [row[0] for row in rows[:5]] == [None, None, REASON, None, None]
    assert rows[5][0] == f"{explain('negative')} Trong tệp đã gửi: ô D6 (Tử số) “-1”; ô E6 (Mẫu số) “1”."
    assert [row[1:] for row in rows[2:5]] == [(*HEADINGS,), (*GOOD_ROW,), (*GOOD_ROW,)]


def test_reason_shows_the_cell_and_how_to_write_it(tmp_path: Path) -> None:
    path = write_back(tmp_path, sent(write_workbook([HEADINGS, AMBIGUOUS_ROW])), 2, rules=("not_a_number",))
    assert read_rows(path)[1][0] == f"{explain('not_a_number')} Trong tệp đã gửi: ô D2 (Tử số) “9.5”."


def test_rejection_report_can_be_sent_again(tmp_path: Path) -> None:
    path = write_back(tmp_path, sent(write_workbook([HEADINGS, GOOD_ROW, [*GOOD_ROW[:3], -1, 1]])), 3)
    (table,) = read_tables(path.read_bytes(), path.name, WANTED)
    assert [(row_no, list(record)) for row_no, record in table.rows] == [(2, HEADINGS), (3, HEADINGS)]


def test_reasons_of_an_earlier_report_are_replaced(tmp_path: Path) -> None:
    first = write_back(tmp_path, sent(write_workbook([HEADINGS, GOOD_ROW, [*GOOD_ROW[:3], -1, 1]])), 3)
    second = write_back(tmp_path, sent(first.read_bytes()), 2, rules=("unknown_agency",))
    rows = read_rows(second)
    assert rows[0].count(REASON) == 1
    assert [row[0] for row in rows] == [
        REASON,
        f"{explain('unknown_agency')} Trong tệp đã gửi: ô C2 (Mã đơn vị) “H58.31”.",
        None,
    ]


def test_workbook_of_a_report_holds_no_formula(tmp_path: Path) -> None:
    workbook = openpyxl.load_workbook(io.BytesIO(write_workbook([HEADINGS, GOOD_ROW])))
    for column, command in enumerate([COMMAND, "+1+1", "@SUM(A1)", "-2+3"], 1):
        workbook["ChiTieu"].cell(3, column).value = command
        workbook["ChiTieu"].cell(3, column).data_type = "s"
    path = write_back(tmp_path, sent(save(workbook)), 3)
    copied = openpyxl.load_workbook(path)["ChiTieu"]
    cells = [copied.cell(3, column) for column in range(2, 6)]
    assert [(cell.value, cell.data_type, cell.quotePrefix) for cell in cells] == [
        (text, "s", True) for text in [COMMAND, "+1+1", "@SUM(A1)", "-2+3"]
    ]


def test_csv_of_a_report_holds_no_formula(tmp_path: Path) -> None:
    text = f"{';'.join(HEADINGS)}\nII.2-3;H58.31;2024-Q1;-5;-1.234,5;{COMMAND};@x\nII.2-3;H58.31;2024-Q1;1;1;\t=1;-x\n"
    path = write_back(tmp_path, sent(text.encode(), "bc.csv"), 2, sheet="bc.csv")
    assert path.name.endswith(".tra-lai.csv")
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig")), delimiter=";"))
    assert rows[0] == [REASON, *HEADINGS]
    assert rows[1][0].startswith(explain("negative"))
    assert rows[1][4:] == ["-5", "-1.234,5", f"'{COMMAND}", "'@x"]
    assert rows[2][6:] == ["'\t=1", "'-x"]


def test_rejected_file_gets_a_note(tmp_path: Path) -> None:
    (path,) = write_all(tmp_path, sent(locked()), {}, ["protected_workbook"])
    note = path.read_text(encoding="utf-8-sig")
    assert path.name.endswith(".tra-lai.txt")
    assert explain("protected_workbook") in note
    assert "tệp được đặt mật khẩu mở" in note


def test_stopped_file_gets_a_note_and_a_copy(tmp_path: Path) -> None:
    file = sent(write_workbook([HEADINGS, GOOD_ROW, AMBIGUOUS_ROW]))
    reasons = {("ChiTieu", 2): [], ("ChiTieu", 3): ["not_a_number"]}
    paths = write_all(tmp_path, file, reasons, ["too_many_rejected"])
    assert [path.suffix for path in paths] == [".txt", ".xlsx"]
    assert [row[0] is None for row in read_rows(paths[1])] == [False, True, False]


def test_file_without_content_gets_a_note(tmp_path: Path) -> None:
    (path,) = write_all(tmp_path, SentFile("to.xlsx", "ab" * 32, b""), {}, ["too_large"])
    assert path == tmp_path / "tra-lai" / "to.abababab.tra-lai.txt"
    assert explain("too_large") in path.read_text(encoding="utf-8-sig")


def test_report_that_is_filed_again_is_the_same_file(tmp_path: Path) -> None:
    file = sent(write_workbook([HEADINGS, AMBIGUOUS_ROW]))
    path = write_back(tmp_path, file, 2)
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    assert write_back(tmp_path, file, 2) == path
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_half_written_report_is_completed(tmp_path: Path) -> None:
    file = sent(write_workbook([HEADINGS, AMBIGUOUS_ROW]))
    path = write_back(tmp_path, file, 2)
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    assert write_back(tmp_path, file, 2).read_bytes() == whole


def test_report_is_filed_in_an_object_store_too(tmp_path: Path) -> None:
    folder = UPath(f"memory://reports-{tmp_path.name}")
    path = write_back(folder, sent(write_workbook([HEADINGS, AMBIGUOUS_ROW])), 2)
    assert read_rows(path)[0][0] == REASON
    folder.fs.rm(folder.path, recursive=True)


@pytest.mark.parametrize("suite", ["returns_response", "returns_row", "treasury_response", "treasury_row"])
def test_every_rejecting_rule_has_a_reason(suite: str) -> None:
    expectations = json.loads((EXPECTATIONS / f"{suite}.json").read_text(encoding="utf-8"))["expectations"]
    rules = {one["meta"]["rule_id"] for one in expectations if one["severity"] != "info"}
    assert rules
    assert [rule for rule in sorted(rules) if rule in explain(rule)] == []


def test_report_is_not_filed_through_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    file = sent(write_workbook([HEADINGS, AMBIGUOUS_ROW]))
    copy = write_back(tmp_path / "inbox", file, 2)
    copy.unlink()
    copy.symlink_to(victim)
    assert read_rows(write_back(tmp_path / "inbox", file, 2))[0][0] == REASON
    assert not copy.is_symlink()
    linked = tmp_path / "inbox" / "so-y-te"
    linked.mkdir()
    (linked / "tra-lai").symlink_to(tmp_path)
    with pytest.raises(OSError, match="is a link or no folder"):
        write_back(tmp_path / "inbox", SentFile("so-y-te/bc.xlsx", file.sha256, file.content), 2)
    assert victim.read_text() == "theirs"


def test_file_with_a_long_name_and_an_invalid_sheet_name_gets_a_report(tmp_path: Path) -> None:
    content = write_workbook([HEADINGS, AMBIGUOUS_ROW], sheet="A_B")
    with ZipFile(io.BytesIO(content)) as package:
        named = package.read("xl/workbook.xml").replace(b"A_B", b"A/B")  # no program names a sheet so, but a file can
    content = replace_parts(content, {"xl/workbook.xml": named})
    assert write_back(tmp_path, sent(content, f"{'á' * 120}.xlsx"), 2, sheet="A/B").exists()


@pytest.mark.parametrize("delimiter", ";,\t")
def test_csv_of_a_report_is_read_as_the_sent_file(tmp_path: Path, delimiter: str) -> None:
    rows = [
        HEADINGS,
        ["II.6-1", "H58.31", "2024-Q1", "1.234", "9,5", "- Công văn 5", "a\nb"],
        [*GOOD_ROW[:3], "-1", "1", "", ""],
    ]
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows(rows)
    file = sent(f"sep={delimiter}\n{written.getvalue()}".encode(), "bc.csv")
    before = read_tables(file.content, file.name, WANTED)[0]
    path = write_back(tmp_path, file, 4, sheet="bc.csv")
    again = read_tables(path.read_bytes(), path.name, WANTED)[0]
    assert again.rows == before.rows
    assert (again.sheet.delimiter, again.field_counts, again.sheet.rows[0][1]) == (
        delimiter,
        {},
        before.sheet.rows[0][1],
    )


def test_workbook_of_a_report_is_read_as_the_sent_file(tmp_path: Path) -> None:
    """Percents, days of the 1904 calendar without a format, signs that look like escapes, errors in hidden rows."""
    content = workbook(
        headings() + pair(number("0.8712", PERCENT), number("1", PERCENT), evidence=text("a_x005F_x0041_b_x000B_c"))
        + pair(number("43878"), number("49384.5")),
        properties='date1904="1"',
    )  # fmt: skip
    before = read_tables(content, "bc.xlsx", WANTED)[0]
    path = write_back(tmp_path, sent(content), 3)
    again = read_tables(path.read_bytes(), path.name, WANTED)[0]
    shown = [
        {name: show_cell(cell.replace("\v", " ") if isinstance(cell, str) else cell) for name, cell in record.items()}
        for _, record in before.rows
    ]
    assert [{name: show_cell(cell) for name, cell in record.items()} for _, record in again.rows] == shown
    assert again.sheet.calendar == before.sheet.calendar == CALENDAR_1904


def test_reason_names_missing_columns_and_counts_of_fields(tmp_path: Path) -> None:
    few = write_workbook([HEADINGS[:4], ["II.6-1", "H58.31", "2024-Q1", 1]])
    assert "không có cột Mẫu số" in read_rows(write_back(tmp_path / "a", sent(few), 2, rules=("value_missing",)))[1][0]
    shifted = sent(f"{','.join(HEADINGS)}\nII.6-1,H58.31,2024-Q1,9,5,12,BC,\n".encode(), "bc.csv")
    path = write_back(tmp_path / "b", shifted, 2, sheet="bc.csv", rules=("wrong_field_count",))
    assert "dòng có 8 cột, dòng tiêu đề có 7 cột" in path.read_text("utf-8-sig")
