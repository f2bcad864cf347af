"""Sheets of .xlsx workbooks as a person sees them (ECMA-376, Transitional and Strict Open XML).

The value of a cell depends on its number format, the calendar, its type of error, what is hidden or merged, and escaped
characters. Fonts, colours and properties aren't read, so that a defect in them does no harm. The cost of reading grows
with the cells that the file holds, not with their row numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from openpyxl.utils.cell import column_index_from_string, range_boundaries

from cchc.fields.cells import Calendar, CellError, Unseen, not_computed
from cchc.fields.written_text import is_blank
from cchc.messages import read_messages
from cchc.spreadsheets.number_formats import GENERAL, find_format, read_number
from cchc.spreadsheets.table import LAST_ROW, MAX_COLUMNS, MAX_ROWS, RejectedFileError, Row, Sheet, trim_cells
from cchc.spreadsheets.xlsx_package import Handler, Package, Relations, open_package, read_relations
from cchc.spreadsheets.xlsx_parts import TRUE, RichText, SharedTextsPart, SheetEntry, StylesPart, WorkbookPart, unescape

MESSAGES = read_messages("rejected_files")
UNSEEN = read_messages("unseen_cells")

MAX_NAME_LENGTH = 255  # characters of a sheet's name; Excel's own limit is 31
LONG_TEXT = 1_000  # characters; a longer text counts as often as cells refer to it
MAX_KEPT_ROWS = MAX_ROWS + 1_000  # with titles and notes
MAX_MERGED = 20_000
MAX_COVERED_ROWS = 2_000_000
CELL_REFERENCE = re.compile(r"([A-Za-z]{1,3})[0-9]+")
# A part by which another format is known → its message.
OTHER_FORMATS = {"workbook.bin": "xlsb", "content.xml": "ods", "word/document.xml": "docx"}


def read_sheets(content: bytes, last_row: int = LAST_ROW) -> list[Sheet]:
    """The sheets of a workbook in its order, each with its rows up to ``last_row``.

    Raises RejectedFileError with the rule not_a_workbook, protected_workbook, macro_workbook, too_large or
    compression_bomb.
    """
    package = open_package(content)
    part = read_relations(package).find("officeDocument") or "xl/workbook.xml"
    if not package.has(part) or not part.lower().endswith(".xml") or "word/" in part:
        raise _explain_other_format(package, part)
    workbook = WorkbookPart()
    package.read(part, workbook)
    relations = read_relations(package, part)
    texts = _read_texts(package, relations)
    formats = _read_formats(package, relations)
    names = [sheet.name for sheet in workbook.sheets]
    if len(set(names)) < len(names) or any(len(name) > MAX_NAME_LENGTH for name in names):
        raise RejectedFileError("not_a_workbook", MESSAGES.format("sheet_names"))
    return [
        _read_sheet(package, sheet, relations, _CellReader(package, texts, formats, workbook.calendar), last_row)
        for sheet in workbook.sheets
        if relations.kinds.get(sheet.relation) == "worksheet"
    ]


def _explain_other_format(package: Package, part: str) -> RejectedFileError:
    names = [part, *package.names]
    found = (key for end, key in OTHER_FORMATS.items() if any(name.lower().endswith(end) for name in names))
    formats = MESSAGES.group("other_formats")
    return RejectedFileError("not_a_workbook", next((formats[key] for key in found), MESSAGES.format("zip_file")))


def _read_texts(package: Package, relations: Relations) -> list[object]:
    part = relations.find("sharedStrings")
    texts = SharedTextsPart()
    if part:
        package.read(part, texts)
    return texts.texts


def _read_formats(package: Package, relations: Relations) -> list[str]:
    """The number format of each cell style; General where the part is damaged, as Excel repairs it."""
    part = relations.find("styles")
    styles = StylesPart()
    if part and package.has(part):
        try:
            package.read(part, styles)
        except RejectedFileError as error:
            if error.rule != "not_a_workbook":
                raise
    return [find_format(number, styles.own) for number in styles.cell_formats]


def _read_sheet(package: Package, sheet: SheetEntry, relations: Relations, reader: _CellReader, last_row: int) -> Sheet:
    rows = _Rows(reader, last_row)
    try:
        package.read(relations.targets[sheet.relation], rows)
    except RejectedFileError:
        if not sheet.is_hidden:
            raise
        rows.rows.clear()  # nobody reads a hidden sheet
    return Sheet(sheet.name, list(rows.list_rows()), is_hidden=sheet.is_hidden, calendar=reader.calendar)


@dataclass
class _Cell:
    """A cell as the file holds it: ``column`` from 0, ``style`` an index of the cell styles."""

    column: int
    type: str
    style: int
    value: list[str] = field(default_factory=list)
    inline: RichText = field(default_factory=RichText)
    has_formula: bool = False
    has_value: bool = False


@dataclass(frozen=True)
class _CellReader:
    """Reads the values of cells."""

    package: Package
    texts: list[object]
    formats: list[str]
    calendar: Calendar

    def read(self, cell: _Cell) -> object:
        """The value of a cell; raises ValueError, LookupError or ArithmeticError where the file contradicts itself."""
        value = "".join(cell.value)
        if cell.type == "e":
            return CellError(value.strip() or "#N/A")
        if (
            cell.has_formula
            and cell.type != "inlineStr"
            and (not cell.has_value or (cell.type != "str" and not value.strip()))
        ):
            return not_computed()
        if cell.type == "inlineStr":
            return cell.inline.read()
        if cell.type == "str":
            return unescape(value)
        return self._read_stored(cell, value.strip()) if value.strip() else None

    def _read_stored(self, cell: _Cell, value: str) -> object:
        if cell.type == "s":
            return self._read_shared(int(value))
        if cell.type == "b":
            return value.lower() in TRUE
        if cell.type == "d":
            return datetime.fromisoformat(value.removesuffix("Z"))
        format_code = self.formats[cell.style] if cell.style < len(self.formats) else GENERAL
        return read_number(value, format_code, self.calendar)

    def _read_shared(self, index: int) -> object:
        if index < 0:
            raise LookupError(index)
        found = self.texts[index]
        length = len(found) if isinstance(found, str) else 0
        self.package.characters += length if length > LONG_TEXT else 0
        return found


@dataclass
class _Rows(Handler):
    """The rows of a sheet; a cell without an address follows the one before it (18.3.1.4)."""

    reader: _CellReader
    last_row: int
    rows: dict[int, dict[int, object]] = field(default_factory=dict)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[str] = field(default_factory=list)
    row_no: int = 0
    column: int = -1
    is_row_hidden: bool = False
    cell: _Cell | None = None
    within: str = ""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin a row, a cell or a part of it."""
        if tag == "row":
            self.row_no = int(attributes.get("r", self.row_no + 1))
            self.column = -1
            self.is_row_hidden = attributes.get("hidden", "").lower() in TRUE
            self.is_done = self.last_row < LAST_ROW and self.row_no > self.last_row
        elif tag == "c":
            found = CELL_REFERENCE.fullmatch(attributes.get("r", ""))
            self.column = column_index_from_string(found[1]) - 1 if found else self.column + 1
            style = attributes.get("s", "0")
            self.cell = _Cell(self.column, attributes.get("t", "n"), int(style) if style.isdecimal() else 0)
        elif self.cell:
            self._start_within(self.cell, tag, attributes)
        elif tag == "col" and attributes.get("hidden", "").lower() in TRUE:
            first, last = attributes.get("min", ""), attributes.get("max", "")
            if first.isdecimal() and last.isdecimal():
                self.hidden_columns.update(range(int(first) - 1, min(int(last), MAX_COLUMNS)))
        elif tag == "mergeCell":
            self.merged.append(attributes.get("ref", ""))

    def text(self, text: str) -> None:
        """Add a piece of a cell's value or text."""
        if self.cell and self.within == "v":
            self.cell.value.append(text)
        elif self.cell:
            self.cell.inline.text(text)

    def end(self, tag: str) -> None:
        """End a cell or a part of it."""
        self.within = ""
        if tag == "c" and self.cell:
            self._keep(self.cell)
            self.cell = None
        elif self.cell:
            self.cell.inline.end(tag)

    def list_rows(self) -> Iterator[Row]:
        """The rows that aren't empty, in order, each up to its last filled cell."""
        self._cover_merged()
        for row_no, cells in sorted(self.rows.items()):
            row = tuple(cells.get(column) for column in range(max(cells) + 1))
            if trimmed := trim_cells(row):
                yield row_no, trimmed

    def _start_within(self, cell: _Cell, tag: str, attributes: Mapping[str, str]) -> None:
        self.within = tag
        cell.has_formula |= tag == "f"
        cell.has_value |= tag == "v"
        cell.inline.start(tag, attributes)

    def _keep(self, cell: _Cell) -> None:
        if cell.column >= MAX_COLUMNS or not 0 < self.row_no <= self.last_row:
            return
        try:
            value = self.reader.read(cell)
        except (ValueError, LookupError, ArithmeticError):
            value = CellError(UNSEEN.format("broken_value"))
        if is_blank(value):
            return
        is_hidden = self.is_row_hidden or cell.column in self.hidden_columns
        self.rows.setdefault(self.row_no, {})[cell.column] = (
            Unseen(value, UNSEEN.format("hidden")) if is_hidden else value
        )
        if len(self.rows) > MAX_KEPT_ROWS:
            raise RejectedFileError("too_large", MESSAGES.format("too_many_filled_rows", max=MAX_KEPT_ROWS))

    def _cover_merged(self) -> None:
        """Make Unseen what lies under a merged cell: a merged range shows its first cell alone."""
        if len(self.merged) > MAX_MERGED:
            raise RejectedFileError("too_large", MESSAGES.format("too_many_merged", max=MAX_MERGED))
        looked_at = 0
        for reference in self.merged:
            try:
                left, top, right, bottom = range_boundaries(reference)
            except ValueError:
                continue
            first = (top, (left or 1) - 1)
            rows = range(top or 1, (bottom or LAST_ROW) + 1)
            looked_at += min(len(rows), len(self.rows))
            if looked_at > MAX_COVERED_ROWS:
                raise RejectedFileError("too_large", MESSAGES.format("too_large_merged"))
            for row_no in rows if len(rows) < len(self.rows) else [one for one in self.rows if one in rows]:
                for column, value in self.rows.get(row_no, {}).items():
                    if first[1] <= column < (right or MAX_COLUMNS) and (row_no, column) != first:
                        self.rows[row_no][column] = Unseen(value, UNSEEN.format("merged"))
