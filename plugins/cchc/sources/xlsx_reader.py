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

from openpyxl.utils.cell import column_index_from_string

from cchc.sources.cells import CALENDAR_1900, CALENDAR_1904, NOT_COMPUTED_VI, Calendar, CellError, Unseen
from cchc.sources.number_formats import GENERAL, find_format, read_number
from cchc.sources.table import LAST_ROW, WIDEST, Refusal, Row, Sheet, trim_cells
from cchc.sources.written_text import is_blank
from cchc.sources.xlsx_package import Handler, Package, Relations, open_package, read_relations

ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # ST_Xstring: a character that XML can't hold
SURROGATES = re.compile("[\ud800-\udfff]")
CELL_REFERENCE = re.compile(r"([A-Za-z]{1,3})[0-9]+")
TRUE = ("1", "true", "on")
NO_MEANING_VI = "giá trị hỏng trong tệp"  # a text, a style or a day that the file doesn't have
HIDDEN_VI = "ô nằm trong dòng hoặc cột đang ẩn"
OTHER_FORMATS = {
    "workbook.bin": "tệp Excel nhị phân (.xlsb); mở ra và lưu lại thành .xlsx",
    "content.xml": "tệp OpenDocument (.ods); mở ra và lưu lại thành .xlsx",
    "word/document.xml": "tệp Word (.docx); chép bảng sang tệp mẫu .xlsx",
}


def read_sheets(content: bytes, last_row: int = LAST_ROW) -> list[Sheet]:
    """The sheets of a workbook in its order, of each the rows to ``last_row``.

    Raises Refusal with the rule not_a_workbook, protected_workbook, macro_workbook, too_large or compression_bomb.
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
    return [
        _read_sheet(package, sheet, relations, _CellReader(texts, formats, workbook.calendar), last_row)
        for sheet in workbook.sheets
        if relations.kinds.get(sheet.relation) == "worksheet"
    ]


def unescape(text: str) -> str:
    """``text`` with each _xHHHH_ as the character that it stands for (ECMA-376 part 1, 22.9.2.19)."""
    if "_x" not in text:
        return text
    plain = ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    if SURROGATES.search(plain):  # two halves make one character; one half stays what no database can hold
        plain = plain.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return plain


def _explain_other_format(package: Package, part: str) -> Refusal:
    held = [part, *package.names]
    found = (text for end, text in OTHER_FORMATS.items() if any(name.lower().endswith(end) for name in held))
    return Refusal("not_a_workbook", next(found, "tệp nén, không phải sổ tính .xlsx"))


def _read_texts(package: Package, relations: Relations) -> list[str]:
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
        except Refusal as refusal:
            if refusal.rule != "not_a_workbook":
                raise
    return [find_format(number, styles.own) for number in styles.cell_formats]


def _read_sheet(
    package: Package, sheet: _SheetEntry, relations: Relations, reader: _CellReader, last_row: int
) -> Sheet:
    rows = _Rows(reader, last_row)
    package.read(relations.targets[sheet.relation], rows)
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
class _SharedTexts(Handler):
    """The texts that cells name by their index; phonetic guides (rPh) are none of them."""

    texts: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    is_text: bool = False
    is_phonetic: bool = False

    def start(self, tag: str, _: Mapping[str, str]) -> None:
        """Begin a text or a piece of it."""
        if tag == "si":
            self.pieces = []
        self.is_phonetic |= tag == "rPh"
        self.is_text = tag == "t" and not self.is_phonetic

    def text(self, text: str) -> None:
        """Take a piece."""
        if self.is_text:
            self.pieces.append(text)

    def end(self, tag: str) -> None:
        """End a text or a piece of it."""
        self.is_text = False
        if tag == "rPh":
            self.is_phonetic = False
        elif tag == "si":
            self.texts.append(unescape("".join(self.pieces)))


@dataclass
class _Cell:
    """A cell as the file has it."""

    column: int
    type: str
    style: int
    value: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    has_formula: bool = False


@dataclass(frozen=True)
class _CellReader:
    """Makes values of cells."""

    texts: list[str]
    formats: list[str]
    calendar: Calendar

    def read(self, cell: _Cell) -> object:
        """The value; raises ValueError or LookupError where the file contradicts itself."""
        value = "".join(cell.value)
        if cell.type in ("inlineStr", "str"):
            return unescape("".join(cell.inline or cell.value))
        if cell.type == "e":
            return CellError(value.strip() or "#N/A")
        if not value.strip():
            return CellError(NOT_COMPUTED_VI) if cell.has_formula else None
        return self._read_stored(cell, value.strip())

    def _read_stored(self, cell: _Cell, value: str) -> object:
        if cell.type == "s":
            return self.texts[int(value)]
        if cell.type == "b":
            return value.lower() in TRUE
        if cell.type == "d":
            return datetime.fromisoformat(value.removesuffix("Z"))
        format_code = self.formats[cell.style] if cell.style < len(self.formats) else GENERAL
        return read_number(value, format_code, self.calendar)


@dataclass
class _Rows(Handler):
    """The rows of a sheet; cells without an address follow the one before (18.3.1.4)."""

    reader: _CellReader
    last_row: int
    rows: dict[int, dict[int, object]] = field(default_factory=dict)
    hidden_columns: list[range] = field(default_factory=list)
    row_no: int = 0
    column: int = -1
    is_row_hidden: bool = False
    cell: _Cell | None = None
    within: str = ""
    is_phonetic: bool = False

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
        elif tag == "col" and attributes.get("hidden", "").lower() in TRUE:
            self.hidden_columns.append(range(int(attributes["min"]) - 1, int(attributes["max"])))
        elif self.cell:
            self.within = tag
            self.is_phonetic |= tag == "rPh"
            self.cell.has_formula |= tag == "f"

    def text(self, text: str) -> None:
        """Take a piece of a cell's value or text."""
        if self.cell and self.within == "v":
            self.cell.value.append(text)
        elif self.cell and self.within == "t" and not self.is_phonetic:
            self.cell.inline.append(text)

    def end(self, tag: str) -> None:
        """End a cell or a part of it."""
        self.within = ""
        if tag == "rPh":
            self.is_phonetic = False
        elif tag == "c" and self.cell:
            self._keep(self.cell)
            self.cell = None

    def list_rows(self) -> Iterator[Row]:
        """The rows that hold anything, in order, each to its last cell that does."""
        for row_no, cells in sorted(self.rows.items()):
            row = tuple(cells.get(column) for column in range(max(cells) + 1))
            if trimmed := trim_cells(row):
                yield row_no, trimmed

    def _keep(self, cell: _Cell) -> None:
        if cell.column >= WIDEST or not 0 < self.row_no <= self.last_row:
            return
        try:
            value = self.reader.read(cell)
        except (ValueError, LookupError):
            value = CellError(NO_MEANING_VI)
        if is_blank(value):
            return
        is_hidden = self.is_row_hidden or any(cell.column in columns for columns in self.hidden_columns)
        self.rows.setdefault(self.row_no, {})[cell.column] = Unseen(value, HIDDEN_VI) if is_hidden else value
