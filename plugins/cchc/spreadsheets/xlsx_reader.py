"""Sheets of .xlsx workbooks as their reader sees them (ECMA-376, both namespaces; Strict Open XML too).

Number formats, the workbook's calendar, types of errors, hidden sheets, rows and columns and escaped characters decide
what a cell says. Fonts, colours and properties aren't looked at, so that a defect in them harms nothing. Reading costs
by the cells that the file holds, not by the numbers of their rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from openpyxl.utils.cell import column_index_from_string, range_boundaries

from cchc.fields.cells import CALENDAR_1900, CALENDAR_1904, NOT_COMPUTED_VI, Calendar, CellError, Unseen
from cchc.fields.written_text import is_blank
from cchc.spreadsheets.number_formats import GENERAL, find_format, read_number
from cchc.spreadsheets.table import LAST_ROW, MAX_ROWS, MAX_COLUMNS, RejectedFileError, Row, Sheet, trim_cells
from cchc.spreadsheets.xlsx_package import Handler, Package, Relations, open_package, read_relations

ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # ST_Xstring: a character that XML can't hold
SURROGATES = re.compile("[\ud800-\udfff]")
NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f\ud800-\udfff]")  # no spreadsheet shows them, no database holds the first
MAX_NAME_LENGTH = 255  # of a sheet; Excel's own limit is 31
MAX_TEXT_LENGTH = 32_767  # of a cell, as in Excel
LONG_TEXT = 1_000  # a text of this length costs as often as it is named
MAX_KEPT_ROWS = MAX_ROWS + 1_000  # with titles and notes
MAX_MERGED = 20_000
MAX_COVERED_ROWS = 2_000_000
CELL_REFERENCE = re.compile(r"([A-Za-z]{1,3})[0-9]+")
TRUE = ("1", "true", "on")
NO_MEANING_VI = "giá trị hỏng trong tệp"  # a text, a style or a day that the file doesn't have
HIDDEN_VI = "ô nằm trong dòng hoặc cột đang ẩn"
MERGED_VI = "ô bị ô gộp che"
MARKED_VI = "ô có chữ bị gạch ngang hoặc chỉ số trên, dưới"
MARKS = ("strike", "vertAlign")  # parts of a text that don't belong to it: struck out, or the number of a footnote
UNMARKED = ("0", "false", "off", "baseline")
OTHER_FORMATS = {
    "workbook.bin": "tệp Excel nhị phân (.xlsb); mở ra và lưu lại thành .xlsx",
    "content.xml": "tệp OpenDocument (.ods); mở ra và lưu lại thành .xlsx",
    "word/document.xml": "tệp Word (.docx); chép bảng sang tệp mẫu .xlsx",
}


def read_sheets(content: bytes, last_row: int = LAST_ROW) -> list[Sheet]:
    """The sheets of a workbook in its order, of each the rows to ``last_row``.

    Raises RejectedFileError with the rule not_a_workbook, protected_workbook, macro_workbook, too_large or compression_bomb.
    """
    package = open_package(content)
    part = read_relations(package).find("officeDocument") or "xl/workbook.xml"
    if not package.has(part) or not part.lower().endswith(".xml") or "word/" in part:
        raise _explain_other_format(package, part)
    workbook = _Workbook()
    package.read(part, workbook)
    relations = read_relations(package, part)
    texts = _read_texts(package, relations)
    formats = _read_formats(package, relations)
    names = [sheet.name for sheet in workbook.sheets]
    if len(set(names)) < len(names) or any(len(name) > MAX_NAME_LENGTH for name in names):
        raise RejectedFileError("not_a_workbook", "tệp có hai trang cùng tên hoặc tên trang quá dài")
    return [
        _read_sheet(package, sheet, relations, _CellReader(package, texts, formats, workbook.calendar), last_row)
        for sheet in workbook.sheets
        if relations.kinds.get(sheet.relation) == "worksheet"
    ]


def unescape(text: str) -> str:
    """``text`` with each _xHHHH_ as the character that it stands for (ECMA-376 part 1, 22.9.2.19)."""
    if "_x" not in text:
        return text
    plain = ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    if SURROGATES.search(plain):  # two halves make one character
        plain = plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return NO_TEXT.sub("�", plain)


def _explain_other_format(package: Package, part: str) -> RejectedFileError:
    held = [part, *package.names]
    found = (text for end, text in OTHER_FORMATS.items() if any(name.lower().endswith(end) for name in held))
    return RejectedFileError("not_a_workbook", next(found, "tệp nén, không phải sổ tính .xlsx"))


def _read_texts(package: Package, relations: Relations) -> list[object]:
    part = relations.find("sharedStrings")
    texts = _SharedTexts()
    if part:
        package.read(part, texts)
    return texts.texts


def _read_formats(package: Package, relations: Relations) -> list[str]:
    """The number format of each cell style. What a damaged part doesn't tell is General, as Excel repairs it."""
    part = relations.find("styles")
    styles = _Styles()
    if part and package.has(part):
        try:
            package.read(part, styles)
        except RejectedFileError as refusal:
            if refusal.rule != "not_a_workbook":
                raise
    return [find_format(number, styles.own) for number in styles.cell_formats]


def _read_sheet(
    package: Package, sheet: _SheetEntry, relations: Relations, reader: _CellReader, last_row: int
) -> Sheet:
    rows = _Rows(reader, last_row)
    try:
        package.read(relations.targets[sheet.relation], rows)
    except RejectedFileError:
        if not sheet.is_hidden:
            raise
        rows.rows.clear()  # nobody reads it
    return Sheet(sheet.name, list(rows.list_rows()), is_hidden=sheet.is_hidden, calendar=reader.calendar)


@dataclass(frozen=True)
class _SheetEntry:
    name: str
    relation: str
    is_hidden: bool


@dataclass
class _Workbook(Handler):
    """The list of sheets and the calendar."""

    sheets: list[_SheetEntry] = field(default_factory=list)
    calendar: Calendar = CALENDAR_1900

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Note a sheet, or the calendar."""
        if tag == "sheet":
            # The relationship's id has a namespace, sheetId has none.
            relation = next((value for name, value in attributes.items() if name.endswith("}id")), "")
            is_hidden = attributes.get("state", "visible") != "visible"
            self.sheets.append(_SheetEntry(unescape(attributes.get("name", "")), relation, is_hidden))
        elif tag == "workbookPr" and attributes.get("date1904", "").lower() in TRUE:
            self.calendar = CALENDAR_1904


@dataclass
class _Styles(Handler):
    """Of all styles the number formats alone: ``cell_formats`` by the index that cells name."""

    own: dict[int, str] = field(default_factory=dict)
    cell_formats: list[int] = field(default_factory=list)
    within: list[str] = field(default_factory=list)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Note a number format, or the one of a cell style."""
        parent = self.within[-1] if self.within else ""
        if tag == "numFmt" and parent == "numFmts":
            number = attributes.get("numFmtId", "")
            if number.isdecimal():
                self.own[int(number)] = unescape(attributes.get("formatCode", GENERAL))
        elif tag == "xf" and parent == "cellXfs":
            number = attributes.get("numFmtId", "0")
            self.cell_formats.append(int(number) if number.isdecimal() else 0)
        self.within.append(tag)

    def end(self, _: str) -> None:
        """Leave an element."""
        self.within.pop()


@dataclass
class _Text(Handler):
    """One text, made of pieces. Phonetic guides (rPh) are none of them."""

    pieces: list[str] = field(default_factory=list)
    length: int = 0
    is_text: bool = False
    is_phonetic: bool = False
    is_marked: bool = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin a piece, or note that one is struck out or set above or below the line."""
        self.is_phonetic |= tag == "rPh"
        self.is_text = tag == "t" and not self.is_phonetic
        self.is_marked |= tag in MARKS and attributes.get("val", "1").lower() not in UNMARKED

    def text(self, text: str) -> None:
        """Take a piece; raises RejectedFileError where a cell could not hold it all."""
        if self.is_text:
            self.pieces.append(text)
            self.length += len(text)
            if self.length > MAX_TEXT_LENGTH:
                raise RejectedFileError("too_large", f"một ô có hơn {MAX_TEXT_LENGTH} ký tự")

    def end(self, tag: str) -> None:
        """End a piece."""
        self.is_text = False
        self.is_phonetic &= tag != "rPh"

    def read(self) -> object:
        """The text, or Unseen where its reader sees another."""
        text = unescape("".join(self.pieces))
        return Unseen(text, MARKED_VI) if self.is_marked and text else text


@dataclass
class _SharedTexts(Handler):
    """The texts that cells name by their index."""

    texts: list[object] = field(default_factory=list)
    current: _Text = field(default_factory=_Text)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin a text or a piece of it."""
        if tag == "si":
            self.current = _Text()
        else:
            self.current.start(tag, attributes)

    def text(self, text: str) -> None:
        """Take a piece."""
        self.current.text(text)

    def end(self, tag: str) -> None:
        """End a text or a piece of it."""
        self.current.end(tag)
        if tag == "si":
            self.texts.append(self.current.read())


@dataclass
class _Cell:
    """A cell as the file has it."""

    column: int
    type: str
    style: int
    value: list[str] = field(default_factory=list)
    inline: _Text = field(default_factory=_Text)
    has_formula: bool = False
    has_value: bool = False


@dataclass(frozen=True)
class _CellReader:
    """Makes values of cells."""

    package: Package
    texts: list[object]
    formats: list[str]
    calendar: Calendar

    def read(self, cell: _Cell) -> object:
        """The value; raises ValueError, LookupError or ArithmeticError where the file contradicts itself."""
        value = "".join(cell.value)
        if cell.type == "e":
            return CellError(value.strip() or "#N/A")
        if (
            cell.has_formula
            and cell.type != "inlineStr"
            and (not cell.has_value or (cell.type != "str" and not value.strip()))
        ):
            return CellError(NOT_COMPUTED_VI)
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
    """The rows of a sheet; cells without an address follow the one before (18.3.1.4)."""

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
        """Take a piece of a cell's value or text."""
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
        """The rows that hold anything, in order, each to its last cell that does."""
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
            value = CellError(NO_MEANING_VI)
        if is_blank(value):
            return
        is_hidden = self.is_row_hidden or cell.column in self.hidden_columns
        self.rows.setdefault(self.row_no, {})[cell.column] = Unseen(value, HIDDEN_VI) if is_hidden else value
        if len(self.rows) > MAX_KEPT_ROWS:
            raise RejectedFileError("too_large", f"hơn {MAX_KEPT_ROWS} dòng có nội dung; chia thành nhiều tệp")

    def _cover_merged(self) -> None:
        """Values that lie under a merged cell: a range shows its first cell alone."""
        if len(self.merged) > MAX_MERGED:
            raise RejectedFileError("too_large", f"hơn {MAX_MERGED} ô gộp; chép số liệu sang tệp mẫu mới")
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
                raise RejectedFileError("too_large", "ô gộp phủ quá nhiều dòng; chép số liệu sang tệp mẫu mới")
            for row_no in rows if len(rows) < len(self.rows) else [one for one in self.rows if one in rows]:
                for column, value in self.rows.get(row_no, {}).items():
                    if first[1] <= column < (right or MAX_COLUMNS) and (row_no, column) != first:
                        self.rows[row_no][column] = Unseen(value, MERGED_VI)
