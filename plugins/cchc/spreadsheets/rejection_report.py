"""What goes back to a sender: a copy of the file with the reason beside each refused row, or why none was taken."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import yaml
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, PatternFill
from openpyxl.utils.cell import get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.workbook.child import INVALID_TITLE_REGEX
from openpyxl.worksheet.properties import PageSetupProperties

from cchc.fields.cells import CALENDAR_1904, Calendar, Unseen
from cchc.fields.field_map import read_record, read_vietnamese_number
from cchc.fields.written_text import make_printable
from cchc.settings import INCLUDE
from cchc.sources.inbox import GIVEN_BACK
from cchc.sources.inbox_store import InboxStore
from cchc.sources.rules import read_rule_fields
from cchc.spreadsheets.csv_table import RUN_SIGNS
from cchc.spreadsheets.table import REASONS_HEADING, RejectedFileError, Row, Sheet, Table, Wanted, find_headings, read_table
from cchc.spreadsheets.workbook import is_workbook, list_hidden_sheets, open_first_rows, open_sheets, read_tables
from cchc.spreadsheets.workbook_bytes import fill_cell, pack_workbook

SUITES = ("returns_row", "treasury_row")  # of the rows that files hold
EMPTY_CELL_RULES = ("value_missing", "done_without_date")  # what is wrong is that nothing stands there
SEPARATOR_LINE = "sep="  # by which Excel is told what parts the columns of a CSV file: it has to stay the first thing
FIELD_COUNT_RULE = "wrong_field_count"
REJECTED_FILL = PatternFill("solid", fgColor="FFE699")
WRAPPED = Alignment(wrap_text=True, vertical="top")
REASONS_WIDTH, COLUMN_WIDTH = 60, 16  # characters
LINE_HEIGHT, MAX_HEIGHT = 15, 400  # points; Excel allows 409
MAX_EMPTY_ROWS = 20  # between two rows of a copy: a cell in the last row of a sheet isn't worth a million
REASONS_FILE = INCLUDE / "messages" / "rejection_reasons.yaml"
MAX_STEM_BYTES = 200  # bytes: with its ending a name stays below the 255 of most file systems

# Sheet and row number → rules that the row breaks.
Reasons = Mapping[tuple[str, int], Sequence[str]]


@dataclass(frozen=True)
class MarkedSheet:
    """A sheet of a copy: its rows, the reasons in their first column, and the numbers of the rejected ones.

    Columns stay divided as the sender divided them: in another file a number may have another reading.
    """

    rows: list[Row]
    delimiter: str
    calendar: Calendar
    rejected: frozenset[int] = frozenset()

    @property
    def width(self) -> int:
        """Columns of its widest row."""
        return max((len(cells) for _, cells in self.rows), default=0)


@dataclass(frozen=True)
class SentFile:
    """A file as it was taken: its path within the inbox, the SHA-256 by which it is known, its bytes."""

    name: str
    sha256: str
    content: bytes


def write_given_back(
    inbox: InboxStore, file: SentFile, wanted: Wanted, reasons: Reasons, stop_rules: Iterable[str]
) -> list[str]:
    """Write into ``tra-lai`` beside the file what has to go back of it; returns the addresses.

    ``<name>.<sha8>.tra-lai.xlsx`` (or .csv) is the copy with its reasons,
    ``<name>.<sha8>.tra-lai.txt`` says which ``stop_rules`` keep the whole file out. Written again: the same files.
    """
    place, stem = find_place(file)
    written = []
    if stop_rules := list(stop_rules):
        written.append(
            inbox.write(place, f"{stem}.tra-lai.txt", _write_note(file, wanted, stop_rules).encode("utf-8-sig"))
        )
    refused = {row: rules for row, rules in reasons.items() if rules}
    if refused:
        seen = [sheet for sheet in open_sheets(file.content, file.name) if not sheet.is_hidden]
        sheets = {sheet.name: _mark_rows(sheet, wanted, refused) for sheet in seen}
        write, ending = (_write_workbook, "xlsx") if is_workbook(file.content) else (_write_csv, "csv")
        written.append(inbox.write(place, f"{stem}.tra-lai.{ending}", write(sheets)))
    return written


def find_place(file: SentFile) -> tuple[str, str]:
    """Where what is said of a file goes: the folder ``tra-lai`` beside it, and how the names begin there."""
    folder, _, last = file.name.rpartition("/")
    stem = PurePosixPath(last).stem.encode()[:MAX_STEM_BYTES].decode(errors="ignore")
    return f"{folder}/{GIVEN_BACK}" if folder else GIVEN_BACK, f"{stem}.{file.sha256[:8]}"


def explain(rule: str) -> str:
    """A rule in Vietnamese: what is wrong and how to put it right."""
    return _read_reasons().get(rule, f"Không đạt quy tắc kiểm tra {rule}.")


@cache
def _read_reasons() -> dict[str, str]:
    reasons: dict[str, str] = yaml.safe_load(REASONS_FILE.read_text(encoding="utf-8"))
    return reasons


def _write_note(file: SentFile, wanted: Wanted, rules: Iterable[str]) -> str:
    lines = [
        f"Tệp {make_printable(PurePosixPath(file.name).name)} chưa được dùng (mã nhận dạng {file.sha256[:8]}).",
        "",
    ]
    lines += [f"- {explain(rule)}" for rule in rules]
    try:
        read_tables(file.content, file.name, wanted)
    except RejectedFileError as refusal:
        lines += ["", f"Chi tiết: {refusal.detail_vi}."] if file.content else []
    return "\r\n".join([*lines, ""])


def list_hidden(file: SentFile, wanted: Wanted) -> list[str]:
    """The hidden sheets of a file that look like a report, which nobody reads."""
    try:
        return list_hidden_sheets(open_first_rows(file.content, file.name), wanted)
    except RejectedFileError:
        return []


def _mark_rows(sheet: Sheet, wanted: Wanted, refused: Reasons) -> MarkedSheet:
    """A sheet's rows; where any is refused, behind a column of reasons, which takes the place of an earlier copy's."""
    rules_by_row = {row_no: rules for (name, row_no), rules in refused.items() if name == sheet.name}
    headings = find_headings(sheet, wanted) if rules_by_row else None
    delimiter = sheet.delimiter or ";"
    if headings is None:
        return MarkedSheet(sheet.rows, delimiter, sheet.calendar)
    table = read_table(sheet, headings, wanted[headings.kind])
    records = dict(table.rows)
    reasons = {headings.row_no: REASONS_HEADING}
    for row_no, rules in rules_by_row.items():
        reasons[row_no] = _write_reasons(table, row_no, records.get(row_no, {}), rules, wanted)
    earlier = {column for column, heading in headings.columns.items() if heading == REASONS_HEADING}
    rows: list[Row] = []
    for row_no, cells in sheet.rows:
        padded = (*cells, *[None] * (sheet.field_counts.get(row_no, 0) - len(cells)))  # as many fields as were sent
        if row_no == 1 and str(cells[0]).lower().startswith(SEPARATOR_LINE):
            rows.append((row_no, cells))
            continue
        rows.append((row_no, (reasons.get(row_no), *(cell for at, cell in enumerate(padded) if at not in earlier))))
    return MarkedSheet(rows, delimiter, sheet.calendar, frozenset(rules_by_row))


def _write_reasons(
    table: Table, row_no: int, record: Mapping[str, object], rules: Sequence[str], wanted: Wanted
) -> str:
    """Each reason once, a line for each rule, with the cells of the sent file that it looks at and what they show."""
    fields = wanted[table.headings.kind]
    read = read_record(record, fields, table.sheet.notation)
    not_read = {held.partition(":")[0] for held in read.not_read}
    lines = []
    for rule in dict.fromkeys(rules):
        names = [name for suite in SUITES for name in read_rule_fields(suite).get(rule, ()) if name in fields]
        is_about_empty = rule in EMPTY_CELL_RULES
        wrong = [] if is_about_empty else [name for name in names if name in not_read]
        cells = table.find_cells(row_no, record, wrong or names)
        shown = [
            f"ô {cell['cell'].rpartition('!')[2]} ({name}) {_describe(cell['read'], record.get(name))}"
            for name, cell in cells.items()
            if bool(cell["read"]) != is_about_empty
        ]
        shown += [f"không có cột {name}" for name in names if is_about_empty and name not in cells]
        if rule == FIELD_COUNT_RULE and row_no in table.field_counts:
            expected = table.sheet.field_counts[table.headings.row_no]
            shown.append(f"dòng có {table.field_counts[row_no]} cột, dòng tiêu đề có {expected} cột")
        lines.append(explain(rule) + (f" Trong tệp đã gửi: {'; '.join(shown)}." if shown else ""))
    return "\n".join(lines)


def _describe(read: str, held: object) -> str:
    """What a cell shows, and why it isn't what it holds."""
    shown = f"“{read}”" if read else "trống"
    return f"{shown}, {held.why_vi}" if isinstance(held, Unseen) else shown


def _fill_gaps(rows: list[Row]) -> Iterator[tuple[int, tuple[object, ...]]]:
    """Every row in its place, the empty ones between them too; of a long run of those only the first."""
    next_row = 1
    for row_no, cells in rows:
        for _ in range(min(row_no - next_row, MAX_EMPTY_ROWS)):
            yield 0, ()
        yield row_no, cells
        next_row = row_no + 1


def _write_workbook(sheets: Mapping[str, MarkedSheet]) -> bytes:
    """The values of a workbook, and nothing that could run."""
    workbook = Workbook(write_only=True)
    if any(sheet.calendar is CALENDAR_1904 for sheet in sheets.values()):
        workbook.epoch = CALENDAR_MAC_1904  # a serial number without a format stays the day that it was
    for name, sheet in sheets.items():
        page = workbook.create_sheet(INVALID_TITLE_REGEX.sub("_", name))
        page.page_setup.orientation = "landscape"
        page.page_setup.fitToHeight = 0
        page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        for column in range(1, sheet.width + 1):
            is_reason = column == 1 and sheet.rejected
            page.column_dimensions[get_column_letter(column)].width = REASONS_WIDTH if is_reason else COLUMN_WIDTH
        for at, (row_no, values) in enumerate(_fill_gaps(sheet.rows), 1):
            is_rejected = row_no in sheet.rejected
            if is_rejected:
                page.row_dimensions[at].height = min(LINE_HEIGHT * _count_lines(str(values[0])), MAX_HEIGHT)
            padded = (*values, *[None] * (sheet.width - len(values))) if is_rejected else values
            page.append(_write_cells(page, padded, is_rejected=is_rejected))
    return pack_workbook(workbook)


def _write_cells(page: Any, values: Sequence[object], *, is_rejected: bool) -> list[Cell]:
    cells = [WriteOnlyCell(page) for _ in values]
    for cell, value in zip(cells, values, strict=True):
        fill_cell(cell, value)
        if is_rejected:
            cell.alignment, cell.fill = WRAPPED, REJECTED_FILL
    return cells


def _count_lines(text: str) -> int:
    """Lines that a text takes in the column of reasons: programs that open a copy don't all fit the height to it."""
    return sum(-(-len(line) // (REASONS_WIDTH - 8)) for line in text.split("\n"))


def _write_csv(sheets: Mapping[str, MarkedSheet]) -> bytes:
    """As Excel opens it (UTF-8 with its mark), without formulas."""
    text = io.StringIO()
    for sheet in sheets.values():
        writer = csv.writer(text, delimiter=sheet.delimiter, lineterminator="\r\n")
        writer.writerows([_disarm(cell) for cell in cells] for _, cells in _fill_gaps(sheet.rows))
    return text.getvalue().encode("utf-8-sig")


def _disarm(cell: object) -> str:
    text = "" if cell is None else str(cell)
    runs = text.startswith(RUN_SIGNS) and read_vietnamese_number(text) is None
    return f"'{text}" if runs else text
