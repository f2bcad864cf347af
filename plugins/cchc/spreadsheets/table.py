"""Tables in files that people send: sheets as rows of cells, and where in them the headings of a contract are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from openpyxl.utils.cell import get_column_letter

from cchc.fields.cells import CALENDAR_1900, Calendar, Unseen, is_error, show_cell
from cchc.fields.field_map import Field, Notation
from cchc.fields.written_text import clean_text, fold_hyphens, is_blank

# Kind of sheet → its fields by heading.
Wanted = Mapping[str, Mapping[str, Field]]
# Row number (from 1) and cells, as cells.py says.
Row = tuple[int, tuple[object, ...]]

HEADINGS_WITHIN = 20  # rows
LAST_ROW = 2**20  # of any workbook
MAX_COLUMNS = 256  # columns
MAX_ROWS = 50_000
MAX_HEADING_LENGTH = 200
SURE_HEADINGS = 3  # so many headings of a kind are no accident

GUIDE_SHEET = "Hướng dẫn"  # of the templates; its example is not a report
# Columns of our own making, which are no fields: names beside the codes of a template, reasons in a copy given back.
NAME_HEADING = "Nội dung"
REASONS_HEADING = "Lý do trả lại"
OWN_HEADINGS = (NAME_HEADING, REASONS_HEADING)


class RejectedFileError(Exception):  # noqa: N818 — what becomes of a file, not a fault of the program
    """A file that can't be taken: the rule that it breaks, and for its sender where and why."""

    def __init__(self, rule: str, detail_vi: str) -> None:
        super().__init__(f"{rule}: {detail_vi}")
        self.rule = rule
        self.detail_vi = detail_vi


@dataclass(frozen=True)
class Sheet:
    """A sheet as it lies in its file: the rows that hold anything, each to its last cell that does, at most MAX_COLUMNS.

    ``is_hidden``: the sender doesn't see it. Of a text file ``delimiter`` separates the columns and ``field_counts``
    says how many fields each row has, empty ones too.
    """

    name: str
    rows: list[Row]
    is_hidden: bool = False
    calendar: Calendar = CALENDAR_1900
    delimiter: str | None = None
    field_counts: Mapping[int, int] = field(default_factory=dict)

    @property
    def notation(self) -> Notation:
        """How its values are written."""
        return Notation("vietnamese", has_comma_columns=self.delimiter == ",", calendar=self.calendar)


@dataclass(frozen=True)
class Headings:
    """Where a kind of sheet has its headings: column (from 0) → heading, those outside the contract as written."""

    kind: str
    row_no: int
    columns: dict[int, str]

    def find_letter(self, heading: str) -> str | None:
        """The letter of a heading's column."""
        return next((get_column_letter(column + 1) for column, name in self.columns.items() if name == heading), None)


@dataclass(frozen=True)
class Table:
    """The rows of one sheet by heading, each with its row number in the sheet; rows that report nothing left out.

    ``field_counts``: of the rows that have another number of fields than the headings have, that number.
    """

    kind: str
    sheet: Sheet
    headings: Headings
    rows: list[tuple[int, dict[str, object]]]
    field_counts: Mapping[int, int] = field(default_factory=dict)

    def find_cells(self, row_no: int, record: Mapping[str, object], fields: Iterable[str]) -> dict[str, dict[str, str]]:
        """The cells of some fields of a row: heading → ``cell``, as ChiTieu!D7, and ``read``, what it shows."""
        return {
            heading: {"cell": f"{self.sheet.name}!{letter}{row_no}", "read": show_cell(record.get(heading))}
            for heading in fields
            if (letter := self.headings.find_letter(heading))
        }


def find_headings(sheet: Sheet, wanted: Wanted) -> Headings | None:
    """The first row, of the first 20, with every required heading of a kind, in any order; None without one.

    Raises RejectedFileError where a heading stands twice: which of the two is meant can't be told.
    """
    for row_no, texts in _read_first_rows(sheet):
        for kind, fields in wanted.items():
            if not _list_missing(fields, texts):
                return Headings(kind, row_no, _name_columns(sheet, fields, texts))
    return None


def explain_missing(sheet: Sheet, wanted: Wanted) -> str:
    """What keeps a sheet from being one of ``wanted``: the headings that its likeliest row lacks, in Vietnamese."""
    likely = {kind: fields for kind, fields in wanted.items() if is_named(sheet, kind)} or wanted
    gaps: list[list[str]] = [
        _list_missing(fields, texts) for _, texts in [(0, {}), *_read_first_rows(sheet)] for fields in likely.values()
    ]
    missing = min(gaps, key=len)
    return f"trang “{sheet.name}” thiếu cột {', '.join(missing)} trong {HEADINGS_WITHIN} dòng đầu"


def is_named(sheet: Sheet, name: str) -> bool:
    """Whether a sheet bears a name, however it is spelt."""
    return _fold(sheet.name) == _fold(name)


def read_table(sheet: Sheet, headings: Headings, fields: Mapping[str, Field]) -> Table:
    """The rows below the headings.

    A row that holds nothing but codes reports nothing: templates come with the codes filled in. Raises RejectedFileError for
    a formula without a good value, for a second table and for more rows than anybody reports.
    """
    codes = {heading for heading, wire in fields.items() if wire.type == "code"}
    expected = sheet.field_counts.get(headings.row_no)
    rows: list[tuple[int, dict[str, object]]] = []
    for row_no, cells in sheet.rows:
        if row_no <= headings.row_no or _repeats_headings(sheet, headings, fields, row_no, cells):
            continue
        record = _name_cells(headings.columns, cells)
        # The last row of a file may be cut short.
        is_cut = row_no == sheet.rows[-1][0] and sheet.field_counts.get(row_no) != expected
        if not is_cut and all(is_blank(value) for heading, value in record.items() if heading not in codes):
            continue
        _refuse_errors(sheet, headings, fields, row_no, record)
        if len(rows) == MAX_ROWS:
            raise RejectedFileError("too_large", f"trang “{sheet.name}” có hơn {MAX_ROWS} dòng; chia thành nhiều tệp")
        rows.append((row_no, record))
    counts = {row_no: sheet.field_counts[row_no] for row_no, _ in rows if sheet.field_counts.get(row_no) != expected}
    return Table(headings.kind, sheet, headings, rows, counts)


def lacks_one_heading(sheet: Sheet, wanted: Wanted) -> bool:
    """Whether a row of a sheet has three or more of a kind's required headings, and all but one: a slip of the pen."""
    return any(
        len(missing) == 1 and sum(wire.required for wire in fields.values()) > SURE_HEADINGS
        for _, texts in _read_first_rows(sheet)
        for fields in wanted.values()
        for missing in [_list_missing(fields, texts)]
    )


def _repeats_headings(
    sheet: Sheet, headings: Headings, fields: Mapping[str, Field], row_no: int, cells: tuple[object, ...]
) -> bool:
    """Whether a row is the headings once more. Raises RejectedFileError where they stand in other columns than above."""
    first = _fold(next(iter(fields)))
    if not any(isinstance(cell, str) and len(cell) <= MAX_HEADING_LENGTH and _fold(cell) == first for cell in cells):
        return False
    texts = _read_texts(cells)
    if _list_missing(fields, texts):
        return False
    if _name_columns(sheet, fields, texts) != headings.columns:
        raise RejectedFileError("no_headings", f"trang “{sheet.name}” có bảng thứ hai từ dòng {row_no}, các cột khác bảng trên")
    return True


def _refuse_errors(
    sheet: Sheet, headings: Headings, fields: Mapping[str, Field], row_no: int, record: Mapping[str, object]
) -> None:
    for heading in headings.columns.values():
        if heading in fields and is_error(record[heading]):
            place = f"trang “{sheet.name}”, ô {headings.find_letter(heading)}{row_no} (cột {heading})"
            raise RejectedFileError("formula_error", f"{place}: {show_cell(record[heading])}")


def trim_cells(cells: tuple[object, ...]) -> tuple[object, ...]:
    """A row to the last of its cells that holds anything; nothing of a row that is only formatted."""
    if cells.count(None) == len(cells):
        return ()
    length = len(cells)
    while length and is_blank(cells[length - 1]):
        length -= 1
    return cells[:length]


def _read_first_rows(sheet: Sheet) -> Iterator[tuple[int, dict[int, str]]]:
    """The texts of the first rows by column."""
    for row_no, cells in sheet.rows:
        if row_no > HEADINGS_WITHIN:
            return
        yield row_no, _read_texts(cells)


def _read_texts(cells: tuple[object, ...]) -> dict[int, str]:
    """The texts of a row that may be headings, by column."""
    shown = [cell.value if isinstance(cell, Unseen) else cell for cell in cells]
    texts = {column: cell for column, cell in enumerate(shown) if isinstance(cell, str) and not is_blank(cell)}
    return {column: clean_text(text) for column, text in texts.items() if len(text) <= MAX_HEADING_LENGTH}


def _list_missing(fields: Mapping[str, Field], texts: Mapping[int, str]) -> list[str]:
    there = {_fold(text) for text in texts.values()}
    return [heading for heading, wire in fields.items() if wire.required and _fold(heading) not in there]


def _name_columns(sheet: Sheet, fields: Iterable[str], texts: Mapping[int, str]) -> dict[int, str]:
    known = {_fold(heading): heading for heading in (*fields, *OWN_HEADINGS)}
    columns = {column: known.get(_fold(text), text) for column, text in texts.items()}
    for heading in fields:
        letters = [get_column_letter(column + 1) for column, name in columns.items() if name == heading]
        if len(letters) > 1:
            raise RejectedFileError("no_headings", f"trang “{sheet.name}” có tiêu đề {heading} ở nhiều cột: {', '.join(letters)}")
    return columns


def _name_cells(columns: Mapping[int, str], cells: tuple[object, ...]) -> dict[str, object]:
    """A row's cells by heading. A value beside the headings is told by its column: a row that is shifted has one."""
    record = {heading: cells[column] if column < len(cells) else None for column, heading in columns.items()}
    record |= {
        f"cột {get_column_letter(column + 1)}": cell
        for column, cell in enumerate(cells)
        if column not in columns and not is_blank(cell)
    }
    return {heading: cell for heading, cell in record.items() if heading not in OWN_HEADINGS}


def _fold(text: str) -> str:
    return fold_hyphens(clean_text(text)).casefold()
