"""Reports in files that people send: .xlsx and .csv, recognized by their content and not by their names."""

from __future__ import annotations

from cchc.messages import OneLine, clean_text, read_messages
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

MESSAGES = read_messages("rejected_files")

MAX_BYTES = 20 * 2**20
ZIP = b"PK"
TEXT_NAMES = (".csv", ".tsv", ".txt")


def read_tables(content: bytes, name: str, wanted: Wanted) -> list[Table]:
    """The tables of a file: one for each sheet with the headings of a kind, whatever its name.

    ``wanted``: kind → fields by heading. Raises RejectedFileError with one of the rules not_a_workbook,
    protected_workbook, macro_workbook, too_large, compression_bomb, formula_error, no_headings, hidden_sheets,
    wrong_encoding, no_rows.
    """
    tables: list[Table] = []
    other_sheets: list[Sheet] = []
    sheets = open_sheets(content, name)
    for sheet in _list_visible(sheets):
        headings = find_headings(sheet, wanted)
        if headings:
            tables.append(read_table(sheet, headings, wanted[headings.kind]))
        else:
            other_sheets.append(sheet)
    hidden = list_hidden_sheets(sheets, wanted)
    if hidden and not tables:
        names = OneLine(", ".join(map(clean_text, hidden)))
        raise RejectedFileError("hidden_sheets", MESSAGES.format("hidden_sheets", sheets=names))
    # Without an error, a sheet with a kind's name or with all its headings but one would be lost unseen.
    lost = [
        sheet
        for sheet in other_sheets
        if not tables or any(is_named(sheet, kind) for kind in wanted) or lacks_one_heading(sheet, wanted)
    ]
    if lost:
        raise RejectedFileError("no_headings", "; ".join(explain_missing(sheet, wanted) for sheet in lost[:3]))
    if not any(table.rows for table in tables):
        raise RejectedFileError("no_rows", MESSAGES.format("no_rows") if tables else MESSAGES.format("no_sheets"))
    return tables


def list_hidden_sheets(sheets: list[Sheet], wanted: Wanted) -> list[str]:
    """The names of the hidden sheets that look like a report; nobody reads what a sender doesn't see."""
    return [sheet.name for sheet in sheets if sheet.is_hidden and _has_headings(sheet, wanted)]


def has_headings(sheets: list[Sheet], wanted: Wanted) -> bool:
    """Whether a sheet, hidden or not, has the headings of a kind; False where one has a heading twice."""
    return any(_has_headings(sheet, wanted) for sheet in sheets if not is_named(sheet, GUIDE_SHEET))


def open_first_rows(content: bytes, name: str) -> list[Sheet]:
    """The sheets of a file, up to the last row that may hold headings. Raises RejectedFileError as open_sheets does."""
    return open_sheets(content, name, last_row=HEADINGS_WITHIN)


def open_sheets(content: bytes, name: str, last_row: int = LAST_ROW) -> list[Sheet]:
    """The sheets of a file, each with rows up to ``last_row``. Raises RejectedFileError where it may not be opened."""
    if len(content) > MAX_BYTES:
        detail = MESSAGES.format("too_large", size=len(content) // 2**20, max=MAX_BYTES // 2**20)
        raise RejectedFileError("too_large", detail)
    if is_workbook(content):
        return read_sheets(content, last_row)
    if name.lower().endswith(TEXT_NAMES):
        return [open_csv(content, name, last_row)]
    raise RejectedFileError("not_a_workbook", MESSAGES.format("no_table_file"))


def is_workbook(content: bytes) -> bool:
    """Whether the bytes begin as those of a workbook, whatever the name of the file."""
    return content.startswith((ZIP, OLE))


def _list_visible(sheets: list[Sheet]) -> list[Sheet]:
    """The sheets that may be a report: those that are neither hidden nor the guide of a template."""
    return [sheet for sheet in sheets if not sheet.is_hidden and not is_named(sheet, GUIDE_SHEET)]


def _has_headings(sheet: Sheet, wanted: Wanted) -> bool:
    try:
        return find_headings(sheet, wanted) is not None
    except RejectedFileError:
        return False
