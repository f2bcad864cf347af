"""Files that people send as tables: .xlsx and .csv, known by what is in them and not by their names."""

from __future__ import annotations

import io
import warnings
from typing import Any

import openpyxl
from openpyxl.utils.cell import coordinate_to_tuple

from cchc.sources.csv_table import open_csv
from cchc.sources.table import (
    GUIDE_SHEET,
    HEADINGS_WITHIN,
    WIDEST,
    Refusal,
    Row,
    Sheet,
    Table,
    Uncomputed,
    Wanted,
    explain_missing,
    find_headings,
    is_named,
    read_table,
    trim_cells,
)
from cchc.sources.xlsx_package import OLE, inspect_package

__all__ = ["Refusal", "Table", "Wanted", "has_headings", "is_workbook", "open_first_rows", "open_sheets", "read_tables"]

LARGEST_BYTES = 20 * 2**20
LAST_ROW = 2**20  # of any workbook
ZIP = b"PK"
TEXT_NAMES = (".csv", ".tsv", ".txt")


def read_tables(content: bytes, name: str, wanted: Wanted) -> list[Table]:
    """The tables of a file, one for each sheet whose headings are those of a kind, whatever the sheet is called.

    ``wanted``: kind → fields by heading. Raises Refusal with one of the rules not_a_workbook, protected_workbook,
    macro_workbook, too_large, compression_bomb, formula_error, no_headings, wrong_encoding, no_rows.
    """
    tables: list[Table] = []
    strange: list[Sheet] = []
    for sheet in open_sheets(content, name):
        if is_named(sheet, GUIDE_SHEET):
            continue
        headings = find_headings(sheet, wanted)
        if headings:
            tables.append(read_table(sheet, headings, wanted[headings.kind]))
        else:
            strange.append(sheet)
    # A sheet that bears a kind's name and can't be read as one would be lost in silence.
    lost = [sheet for sheet in strange if not tables or any(is_named(sheet, kind) for kind in wanted)]
    if lost:
        raise Refusal("no_headings", "; ".join(explain_missing(sheet, wanted) for sheet in lost[:3]))
    if not any(table.rows for table in tables):
        raise Refusal("no_rows", "không có dòng nào dưới tiêu đề" if tables else "không có trang nào")
    return tables


def has_headings(sheets: list[Sheet], wanted: Wanted) -> bool:
    """Whether a sheet of a file is of one of the kinds; not where one has a heading twice."""
    try:
        return any(find_headings(sheet, wanted) for sheet in sheets if not is_named(sheet, GUIDE_SHEET))
    except Refusal:
        return False


def open_first_rows(content: bytes, name: str) -> list[Sheet]:
    """The sheets of a file, as far as headings may be. Raises Refusal where it is none that may be opened."""
    return open_sheets(content, name, last_row=HEADINGS_WITHIN)


def open_sheets(content: bytes, name: str, last_row: int = LAST_ROW) -> list[Sheet]:
    """The sheets of a file, of each the rows to ``last_row``. Raises Refusal where it is none that may be opened."""
    if len(content) > LARGEST_BYTES:
        raise Refusal("too_large", f"tệp dài {len(content) // 2**20} MB, nhiều nhất {LARGEST_BYTES // 2**20} MB")
    if is_workbook(content):
        return _open_workbook(content, last_row)
    if name.lower().endswith(TEXT_NAMES):
        return [open_csv(content, name, last_row)]
    raise Refusal("not_a_workbook", "tệp không phải .xlsx hay .csv")


def is_workbook(content: bytes) -> bool:
    """Whether the bytes begin as a workbook's do, whatever the file is called."""
    return content.startswith((ZIP, OLE))


def _open_workbook(content: bytes, last_row: int) -> list[Sheet]:
    uncomputed = inspect_package(content)
    try:
        with warnings.catch_warnings(action="ignore"):  # of what openpyxl would lose by writing
            workbook: Any = openpyxl.load_workbook(
                io.BytesIO(content), read_only=True, data_only=True, keep_links=False
            )
            return [
                # The part's name is the one thing of a sheet that openpyxl keeps to itself.
                Sheet(sheet.title, _read_rows(sheet, last_row, uncomputed.get(sheet._worksheet_path, set())))
                for sheet in workbook.worksheets
            ]
    except Exception as error:  # a damaged part leads its reader to whatever it leads to
        raise Refusal("not_a_workbook", f"không mở được như sổ tính .xlsx ({type(error).__name__})") from error


def _read_rows(sheet: Any, last_row: int, uncomputed: set[str]) -> list[Row]:
    """The rows that hold anything, without the empty cells at their ends."""
    missing: dict[int, set[int]] = {}
    for row_no, column in map(coordinate_to_tuple, uncomputed):
        missing.setdefault(row_no, set()).add(column)
    rows: list[Row] = []
    for row_no, cells in enumerate(sheet.iter_rows(max_row=last_row, max_col=WIDEST, values_only=True), 1):
        gaps = missing.get(row_no, ())
        marked = tuple(Uncomputed() if at in gaps else cell for at, cell in enumerate(cells, 1)) if gaps else cells
        if trimmed := trim_cells(marked):
            rows.append((row_no, trimmed))
    return rows
