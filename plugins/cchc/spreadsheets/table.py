"""Tables in files that people send: sheets as rows of cells, and the place of a contract's headings in them.

How a file becomes sheets is in csv_table.py and xlsx_reader.py; which file is a report is in workbook.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from openpyxl.utils.cell import get_column_letter

from cchc.fields.cells import CALENDAR_1900, Calendar, Unseen, is_error, show_cell
from cchc.fields.field_map import Field, Notation
from cchc.fields.written_text import clean_text, fold_hyphens, is_blank
from cchc.messages import OneLine, read_messages

MESSAGES = read_messages("rejected_files")

# Kind of sheet → its fields by heading.
Wanted = Mapping[str, Mapping[str, Field]]
# Row number (from 1) and its cells (fields/cells.py).
Row = tuple[int, tuple[object, ...]]

HEADINGS_WITHIN = 20  # rows
LAST_ROW = 2**20  # the largest row number of any workbook
MAX_COLUMNS = 256
MAX_ROWS = 50_000
MAX_HEADING_LENGTH = 200  # characters
SURE_HEADINGS = 3  # this many headings of a kind are no accident

# Names that this package writes and recognizes: the guide of a template, whose example is no report, and two columns
# that are no fields: names beside the codes of a template, reasons in a rejection report.
GUIDE_SHEET = "Hướng dẫn"
NAME_HEADING = "Nội dung"
REASONS_HEADING = "Lý do trả lại"
OWN_HEADINGS = (NAME_HEADING, REASONS_HEADING)


class RejectedFileError(Exception):
    """A file that can't be read as a report: the rule that it breaks, and for its sender where and why."""

    def __init__(self, rule: str, detail_vi: str) -> None:
        super().__init__(f"{rule}: {detail_vi}")
        self.rule = rule
        self.detail_vi = detail_vi


@dataclass(frozen=True)
class Sheet:
    """A sheet of a file: its rows that aren't empty, each up to its last filled cell and at most MAX_COLUMNS wide.

    ``is_hidden``: the sender doesn't see the sheet. In a text file ``delimiter`` separates the columns, and
    ``field_counts`` maps a row to its number of fields, empty ones included.
    """

    name: str
    rows: list[Row]
    is_hidden: bool = False
    calendar: Calendar = CALENDAR_1900
    delimiter: str | None = None
    field_counts: Mapping[int, int] = field(default_factory=dict)

    @property
    def notation(self) -> Notation:
        """How values are written in the sheet."""
        return Notation("vietnamese", has_comma_columns=self.delimiter == ",", calendar=self.calendar)


@dataclass(frozen=True)
class Headings:
    """The row of headings of a kind of sheet: column (from 0) → heading; headings outside the contract as written."""

    kind: str
    row_no: int
    columns: dict[int, str]

    def find_letter(self, heading: str) -> str | None:
        """The letter of a heading's column; None without such a heading."""
        return next((get_column_letter(column + 1) for column, name in self.columns.items() if name == heading), None)


@dataclass(frozen=True)
class Table:
    """The rows of one sheet by heading, each with its row number in the sheet; rows that report nothing are left out.

    ``field_counts``: row number → number of fields, for the rows where it differs from that of the headings.
    """

    kind: str
    sheet: Sheet
    headings: Headings
    rows: list[tuple[int, dict[str, object]]]
    field_counts: Mapping[int, int] = field(default_factory=dict)

    def find_cells(self, row_no: int, record: Mapping[str, object], fields: Iterable[str]) -> dict[str, dict[str, str]]:
        """The cells of some fields of a row: heading → ``cell`` (ChiTieu!D7) and ``read``, the text that it shows."""
        return {
            heading: {"cell": f"{self.sheet.name}!{letter}{row_no}", "read": show_cell(record.get(heading))}
            for heading in fields
            if (letter := self.headings.find_letter(heading))
        }


def find_headings(sheet: Sheet, wanted: Wanted) -> Headings | None:
    """The first row with every required heading of a kind, in any order; None without one in HEADINGS_WITHIN rows.

    Raises RejectedFileError where a heading stands twice: nobody knows which of the two is meant.
    """
    for row_no, texts in _read_first_rows(sheet):
        for kind, fields in wanted.items():
            if not _list_missing(fields, texts):
                return Headings(kind, row_no, _name_columns(sheet, fields, texts))
    return None


def explain_missing(sheet: Sheet, wanted: Wanted) -> str:
    """The reason, in Vietnamese, why a sheet is none of ``wanted``: the headings that its likeliest row lacks."""
    likely = {kind: fields for kind, fields in wanted.items() if is_named(sheet, kind)} or wanted
    gaps: list[list[str]] = [
        _list_missing(fields, texts) for _, texts in [(0, {}), *_read_first_rows(sheet)] for fields in likely.values()
    ]
    missing = min(gaps, key=len)
    columns = OneLine(", ".join(missing))
    return MESSAGES.format("missing_columns", sheet=sheet.name, columns=columns, rows=HEADINGS_WITHIN)


def is_named(sheet: Sheet, name: str) -> bool:
    """Whether a sheet has a name, in any case and with any kind of hyphen and space."""
    return _fold(sheet.name) == _fold(name)


def read_table(sheet: Sheet, headings: Headings, fields: Mapping[str, Field]) -> Table:
    """The rows below the headings.

    A row with nothing but codes reports nothing: templates have the codes filled in. Raises RejectedFileError for a
    formula without a good value, for a second table and for more than MAX_ROWS rows.
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
        _reject_errors(sheet, headings, fields, row_no, record)
        if len(rows) == MAX_ROWS:
            detail = MESSAGES.format("too_many_rows", sheet=sheet.name, max=MAX_ROWS)
            raise RejectedFileError("too_large", detail)
        rows.append((row_no, record))
    counts = {row_no: sheet.field_counts[row_no] for row_no, _ in rows if sheet.field_counts.get(row_no) != expected}
    return Table(headings.kind, sheet, headings, rows, counts)


def lacks_one_heading(sheet: Sheet, wanted: Wanted) -> bool:
    """Whether a row has three or more of a kind's required headings and all but one: most likely a misspelt heading."""
    return any(
        len(missing) == 1 and sum(wire.required for wire in fields.values()) > SURE_HEADINGS
        for _, texts in _read_first_rows(sheet)
        for fields in wanted.values()
        for missing in [_list_missing(fields, texts)]
    )


def _repeats_headings(
    sheet: Sheet, headings: Headings, fields: Mapping[str, Field], row_no: int, cells: tuple[object, ...]
) -> bool:
    """Whether a row repeats the headings. Raises RejectedFileError where they stand in other columns than above."""
    first = _fold(next(iter(fields)))
    if not any(isinstance(cell, str) and len(cell) <= MAX_HEADING_LENGTH and _fold(cell) == first for cell in cells):
        return False
    texts = _read_texts(cells)
    if _list_missing(fields, texts):
        return False
    if _name_columns(sheet, fields, texts) != headings.columns:
        detail = MESSAGES.format("second_table", sheet=sheet.name, row=row_no)
        raise RejectedFileError("no_headings", detail)
    return True


def _reject_errors(
    sheet: Sheet, headings: Headings, fields: Mapping[str, Field], row_no: int, record: Mapping[str, object]
) -> None:
    for heading in headings.columns.values():
        if heading in fields and is_error(record[heading]):
            cell, shown = f"{headings.find_letter(heading)}{row_no}", OneLine(show_cell(record[heading]))
            detail = MESSAGES.format("formula_error", sheet=sheet.name, cell=cell, heading=heading, shown=shown)
            raise RejectedFileError("formula_error", detail)


def trim_cells(cells: tuple[object, ...]) -> tuple[object, ...]:
    """A row up to its last filled cell; () for a row that is only formatted."""
    if cells.count(None) == len(cells):
        return ()
    length = len(cells)
    while length and is_blank(cells[length - 1]):
        length -= 1
    return cells[:length]


def _read_first_rows(sheet: Sheet) -> Iterator[tuple[int, dict[int, str]]]:
    """The row numbers of the first rows, with their texts by column."""
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
            listed = OneLine(", ".join(letters))
            detail = MESSAGES.format("repeated_heading", sheet=sheet.name, heading=heading, columns=listed)
            raise RejectedFileError("no_headings", detail)
    return columns


def _name_cells(columns: Mapping[int, str], cells: tuple[object, ...]) -> dict[str, object]:
    """A row's cells by heading. A value beside the headings goes by its column: a shifted row has one."""
    record = {heading: cells[column] if column < len(cells) else None for column, heading in columns.items()}
    record |= {
        MESSAGES.format("column", letter=get_column_letter(column + 1)): cell
        for column, cell in enumerate(cells)
        if column not in columns and not is_blank(cell)
    }
    return {heading: cell for heading, cell in record.items() if heading not in OWN_HEADINGS}


def _fold(text: str) -> str:
    return fold_hyphens(clean_text(text)).casefold()
