"""Files that people send as tables: .xlsx and .csv, known by what is in them and not by their names."""

from __future__ import annotations

from cchc.spreadsheets.csv_table import open_csv
from cchc.spreadsheets.table import (
    GUIDE_SHEET,
    HEADINGS_WITHIN,
    LAST_ROW,
    RejectedFileError,
    Sheet,
    Table,
    Wanted,
    explain_missing,
    find_headings,
    is_named,
    lacks_one_heading,
    read_table,
)
from cchc.spreadsheets.xlsx_package import OLE
from cchc.spreadsheets.xlsx_reader import read_sheets

__all__ = [
    "RejectedFileError", "Table", "Wanted", "has_headings", "is_workbook", "list_hidden_sheets", "open_first_rows",
    "open_sheets", "read_tables",
]  # fmt: skip

MAX_BYTES = 20 * 2**20
ZIP = b"PK"
TEXT_NAMES = (".csv", ".tsv", ".txt")


def read_tables(content: bytes, name: str, wanted: Wanted) -> list[Table]:
    """The tables of a file, one for each sheet whose headings are those of a kind, whatever the sheet is called.

    ``wanted``: kind → fields by heading. Raises RejectedFileError with one of the rules not_a_workbook, protected_workbook,
    macro_workbook, too_large, compression_bomb, formula_error, no_headings, hidden_sheets, wrong_encoding, no_rows.
    """
    tables: list[Table] = []
    strange: list[Sheet] = []
    sheets = open_sheets(content, name)
    for sheet in _list_seen(sheets):
        headings = find_headings(sheet, wanted)
        if headings:
            tables.append(read_table(sheet, headings, wanted[headings.kind]))
        else:
            strange.append(sheet)
    hidden = list_hidden_sheets(sheets, wanted)
    if hidden and not tables:
        raise RejectedFileError("hidden_sheets", f"trang bị ẩn: {', '.join(hidden)}")
    # A sheet that bears a kind's name, or all its headings but one, would be lost in silence.
    lost = [
        sheet
        for sheet in strange
        if not tables or any(is_named(sheet, kind) for kind in wanted) or lacks_one_heading(sheet, wanted)
    ]
    if lost:
        raise RejectedFileError("no_headings", "; ".join(explain_missing(sheet, wanted) for sheet in lost[:3]))
    if not any(table.rows for table in tables):
        raise RejectedFileError("no_rows", "không có dòng nào dưới tiêu đề" if tables else "không có trang nào")
    return tables


def list_hidden_sheets(sheets: list[Sheet], wanted: Wanted) -> list[str]:
    """The names of the sheets that look like a report and aren't read, since their sender doesn't see them."""
    return [sheet.name for sheet in sheets if sheet.is_hidden and _has_headings(sheet, wanted)]


def has_headings(sheets: list[Sheet], wanted: Wanted) -> bool:
    """Whether a sheet of a file, hidden or not, is of one of the kinds; not where one has a heading twice."""
    return any(_has_headings(sheet, wanted) for sheet in sheets if not is_named(sheet, GUIDE_SHEET))


def open_first_rows(content: bytes, name: str) -> list[Sheet]:
    """The sheets of a file, as far as headings may be. Raises RejectedFileError where it is none that may be opened."""
    return open_sheets(content, name, last_row=HEADINGS_WITHIN)


def open_sheets(content: bytes, name: str, last_row: int = LAST_ROW) -> list[Sheet]:
    """The sheets of a file, of each the rows to ``last_row``. Raises RejectedFileError where it is none that may be opened."""
    if len(content) > MAX_BYTES:
        raise RejectedFileError("too_large", f"tệp dài {len(content) // 2**20} MB, nhiều nhất {MAX_BYTES // 2**20} MB")
    if is_workbook(content):
        return read_sheets(content, last_row)
    if name.lower().endswith(TEXT_NAMES):
        return [open_csv(content, name, last_row)]
    raise RejectedFileError("not_a_workbook", "tệp không phải .xlsx hay .csv")


def is_workbook(content: bytes) -> bool:
    """Whether the bytes begin as a workbook's do, whatever the file is called."""
    return content.startswith((ZIP, OLE))


def _list_seen(sheets: list[Sheet]) -> list[Sheet]:
    """The sheets that may be a report: neither hidden nor the guide of a template."""
    return [sheet for sheet in sheets if not sheet.is_hidden and not is_named(sheet, GUIDE_SHEET)]


def _has_headings(sheet: Sheet, wanted: Wanted) -> bool:
    try:
        return find_headings(sheet, wanted) is not None
    except RejectedFileError:
        return False
