"""Rejection reports for the sender of a file, as bytes.

A report is a copy of the file with the reason beside each rejected row, or a note why the whole file isn't used. Where
reports are put is decided in sources/rejection_filing.py.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple

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
from cchc.messages import OneLine, read_messages
from cchc.spreadsheets.csv_table import FORMULA_SIGNS
from cchc.spreadsheets.table import (
    REASONS_HEADING,
    RejectedFileError,
    Row,
    Sheet,
    Table,
    Wanted,
    find_headings,
    read_table,
)
from cchc.spreadsheets.workbook import is_workbook, list_hidden_sheets, open_first_rows, open_sheets, read_tables
from cchc.spreadsheets.workbook_bytes import fill_cell, pack_workbook

MESSAGES = read_messages("rejection_report")
REASONS = read_messages("rejection_reasons")

# Vietnamese for "returned": the folder beside a sender's files that holds reports, and a part of the names in it.
REPORTS_FOLDER = "tra-lai"
EMPTY_CELL_RULES = ("value_missing", "done_without_date")  # their fault is that a cell is empty
FIELD_COUNT_RULE = "wrong_field_count"
SEPARATOR_LINE = "sep="  # names the delimiter of a CSV file for Excel; it must stay the first cell
REJECTED_FILL = PatternFill("solid", fgColor="FFE699")
WRAPPED = Alignment(wrap_text=True, vertical="top")
REASONS_WIDTH, COLUMN_WIDTH = 60, 16  # characters
LINE_HEIGHT, MAX_HEIGHT = 15, 400  # points; Excel allows 409
MAX_EMPTY_ROWS = 20  # between two rows of a copy, so that a cell in the last row of a sheet doesn't make a million
MAX_STEM_BYTES = 200  # with its ending a name stays below the 255 of most file systems

# Sheet and row number → rules that the row breaks.
Reasons = Mapping[tuple[str, int], Sequence[str]]
# Rule → fields of a row that the rule looks at.
RuleFields = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class AnnotatedSheet:
    """A sheet of a copy: its rows, with reasons in their first column, and the numbers of the rejected rows.

    The delimiter stays that of the sender: with another one a number could mean another value.
    """

    rows: list[Row]
    delimiter: str
    calendar: Calendar
    rejected: frozenset[int] = frozenset()

    @property
    def width(self) -> int:
        """The number of columns of the widest row."""
        return max((len(cells) for _, cells in self.rows), default=0)


@dataclass(frozen=True)
class SentFile:
    """A file as received: its path within the inbox, its SHA-256, its bytes."""

    name: str
    sha256: str
    content: bytes

    @property
    def report_stem(self) -> str:
        """The beginning of the name of every report on the file: its own name and eight digits of its SHA-256."""
        stem = PurePosixPath(self.name).stem.encode()[:MAX_STEM_BYTES].decode(errors="ignore")
        return f"{stem}.{self.sha256[:8]}"

    @property
    def shown_name(self) -> OneLine:
        """Its name without folders, on one line."""
        return OneLine(make_printable(PurePosixPath(self.name).name))


class Report(NamedTuple):
    """A file for a sender: its name and its bytes."""

    name: str
    content: bytes


def make_rejection_reports(
    file: SentFile, wanted: Wanted, reasons: Reasons, stop_rules: Iterable[str], rule_fields: RuleFields
) -> list[Report]:
    """The rejection reports on a file; the same arguments give the same bytes.

    ``<name>.<sha8>.<REPORTS_FOLDER>.txt`` explains the ``stop_rules`` for which the whole file isn't used; the same
    name with .xlsx or .csv is a copy with ``reasons``. Raises RejectedFileError where there are reasons for rows of a
    file that can't be opened.
    """
    name = f"{file.report_stem}.{REPORTS_FOLDER}"
    reports = []
    if stop_rules := list(stop_rules):
        reports.append(Report(f"{name}.txt", _write_note(file, wanted, stop_rules).encode("utf-8-sig")))
    rejected = {row: rules for row, rules in reasons.items() if rules}
    if rejected:
        visible = [sheet for sheet in open_sheets(file.content, file.name) if not sheet.is_hidden]
        sheets = {sheet.name: _annotate(sheet, wanted, rejected, rule_fields) for sheet in visible}
        write, ending = (_write_workbook, "xlsx") if is_workbook(file.content) else (_write_csv, "csv")
        reports.append(Report(f"{name}.{ending}", write(sheets)))
    return reports


def explain(rule: str) -> str:
    """The reason for a rule in Vietnamese: what is wrong and how to correct it."""
    return REASONS.texts.get(rule) or MESSAGES.format("unknown_rule", rule=rule)


def _write_note(file: SentFile, wanted: Wanted, rules: Iterable[str]) -> str:
    lines = [MESSAGES.format("title", file=file.shown_name, id=file.sha256[:8]), ""]
    lines += [MESSAGES.format("reason", reason=OneLine(explain(rule))) for rule in rules]
    try:
        read_tables(file.content, file.name, wanted)
    except RejectedFileError as error:
        lines += ["", MESSAGES.format("detail", detail=OneLine(error.detail_vi))] if file.content else []
    return "\r\n".join([*lines, ""])


def list_hidden(file: SentFile, wanted: Wanted) -> list[str]:
    """The names of a file's hidden sheets that look like a report."""
    try:
        return list_hidden_sheets(open_first_rows(file.content, file.name), wanted)
    except RejectedFileError:
        return []


def _annotate(sheet: Sheet, wanted: Wanted, rejected: Reasons, rule_fields: RuleFields) -> AnnotatedSheet:
    """A sheet's rows; where one is rejected, after a column of reasons, which replaces that of an earlier report."""
    rules_by_row = {row_no: rules for (name, row_no), rules in rejected.items() if name == sheet.name}
    headings = find_headings(sheet, wanted) if rules_by_row else None
    delimiter = sheet.delimiter or ";"
    if headings is None:
        return AnnotatedSheet(sheet.rows, delimiter, sheet.calendar)
    table = read_table(sheet, headings, wanted[headings.kind])
    records = dict(table.rows)
    reasons = {headings.row_no: REASONS_HEADING}
    for row_no, rules in rules_by_row.items():
        reasons[row_no] = _write_reasons(table, row_no, records.get(row_no, {}), rules, wanted, rule_fields)
    earlier = {column for column, heading in headings.columns.items() if heading == REASONS_HEADING}
    rows: list[Row] = []
    for row_no, cells in sheet.rows:
        padded = (*cells, *[None] * (sheet.field_counts.get(row_no, 0) - len(cells)))  # as many fields as were sent
        if row_no == 1 and str(cells[0]).lower().startswith(SEPARATOR_LINE):
            rows.append((row_no, cells))
            continue
        rows.append((row_no, (reasons.get(row_no), *(cell for at, cell in enumerate(padded) if at not in earlier))))
    return AnnotatedSheet(rows, delimiter, sheet.calendar, frozenset(rules_by_row))


def _write_reasons(
    table: Table,
    row_no: int,
    record: Mapping[str, object],
    rules: Sequence[str],
    wanted: Wanted,
    rule_fields: RuleFields,
) -> str:
    """Each reason once, a line for each rule, with the cells that the rule looks at and what they show."""
    fields = wanted[table.headings.kind]
    unread = {text.partition(":")[0] for text in read_record(record, fields, table.sheet.notation).not_read}
    lines = []
    for rule in dict.fromkeys(rules):
        names = [name for name in rule_fields.get(rule, ()) if name in fields]
        is_about_empty = rule in EMPTY_CELL_RULES
        wrong = [] if is_about_empty else [name for name in names if name in unread]
        cells = table.find_cells(row_no, record, wrong or names)
        shown = [
            _describe_cell(name, cell["cell"], cell["read"], record.get(name))
            for name, cell in cells.items()
            if bool(cell["read"]) != is_about_empty
        ]
        if is_about_empty:
            shown += [MESSAGES.format("no_column", heading=name) for name in names if name not in cells]
        if rule == FIELD_COUNT_RULE and row_no in table.field_counts:
            expected = table.sheet.field_counts[table.headings.row_no]
            shown.append(MESSAGES.format("field_counts", fields=table.field_counts[row_no], expected=expected))
        reason, listed = OneLine(explain(rule)), OneLine("; ".join(shown))
        lines.append(MESSAGES.format("reason_with_cells", reason=reason, cells=listed) if shown else reason)
    return "\n".join(lines)


def _describe_cell(heading: str, cell: str, read: str, content: object) -> str:
    """A cell with what it shows, and why that isn't its content; ``read``: the text that it shows."""
    shown = MESSAGES.format("value", value=OneLine(read)) if read else MESSAGES.format("empty")
    if isinstance(content, Unseen):
        shown = MESSAGES.format("unseen", shown=OneLine(shown), why=content.why_vi)
    return MESSAGES.format("cell", cell=cell.rpartition("!")[2], heading=heading, shown=OneLine(shown))


def _fill_gaps(rows: list[Row]) -> Iterator[tuple[int, tuple[object, ...]]]:
    """Every row in its place, with the empty rows between, at most MAX_EMPTY_ROWS in one gap."""
    next_row = 1
    for row_no, cells in rows:
        for _ in range(min(row_no - next_row, MAX_EMPTY_ROWS)):
            yield 0, ()
        yield row_no, cells
        next_row = row_no + 1


def _write_workbook(sheets: Mapping[str, AnnotatedSheet]) -> bytes:
    """A workbook with the values of the sheets, and nothing that could run."""
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
    """The lines of a text in the column of reasons: not every program fits the height of a row to its text."""
    return sum(-(-len(line) // (REASONS_WIDTH - 8)) for line in text.split("\n"))


def _write_csv(sheets: Mapping[str, AnnotatedSheet]) -> bytes:
    """A CSV file that Excel opens (UTF-8 with a byte order mark), without formulas."""
    text = io.StringIO()
    for sheet in sheets.values():
        writer = csv.writer(text, delimiter=sheet.delimiter, lineterminator="\r\n")
        writer.writerows([_escape_formula(cell) for cell in cells] for _, cells in _fill_gaps(sheet.rows))
    return text.getvalue().encode("utf-8-sig")


def _escape_formula(cell: object) -> str:
    text = "" if cell is None else str(cell)
    runs = text.startswith(FORMULA_SIGNS) and read_vietnamese_number(text) is None
    return f"'{text}" if runs else text
