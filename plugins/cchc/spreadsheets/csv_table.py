"""CSV files as sheets: UTF-8 with or without a byte order mark, UTF-16 with one; semicolon, comma or tab."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from itertools import islice

from cchc.messages import read_messages
from cchc.spreadsheets.table import HEADINGS_WITHIN, MAX_COLUMNS, RejectedFileError, Row, Sheet, trim_cells

MESSAGES = read_messages("rejected_files")

DELIMITERS = ";,\t"
# A spreadsheet runs a field that begins with one of these.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
MAX_CELLS = 1_000_000
BYTE_ORDER_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def open_csv(content: bytes, name: str, last_row: int) -> Sheet:
    """The file as one sheet with the file's name; every cell is text or None.

    ``last_row``: the last line that is read. Raises RejectedFileError for another encoding, for broken CSV and for more
    than MAX_CELLS cells.
    """
    encoding = BYTE_ORDER_MARKS.get(content[:2], "utf-8-sig")
    delimiter = _find_delimiter(content, encoding)
    rows: list[Row] = []
    field_counts: dict[int, int] = {}
    cells_read = 0
    for row_no, cells in enumerate(islice(_read(content, encoding, delimiter), last_row), 1):
        if trimmed := trim_cells(tuple(_remove_apostrophe(cell) or None for cell in cells[:MAX_COLUMNS])):
            rows.append((row_no, trimmed))
            field_counts[row_no] = len(cells) + _count_enclosed(cells, delimiter)
            cells_read += len(trimmed)
        if cells_read > MAX_CELLS:
            raise RejectedFileError("too_large", MESSAGES.format("too_many_cells", max=MAX_CELLS))
    return Sheet(name, rows, delimiter=delimiter, field_counts=field_counts)


def _find_delimiter(content: bytes, encoding: str) -> str:
    """The delimiter that gives the most columns in the first rows: headings hold none of the three.

    Each is tried without strictness, because a quoted field may break the rules of the other two.
    """
    widths = {
        delimiter: max(map(len, islice(_read(content, encoding, delimiter, strict=False), HEADINGS_WITHIN)), default=0)
        for delimiter in DELIMITERS
    }
    return max(widths, key=lambda delimiter: widths[delimiter])


def _count_enclosed(cells: list[str], delimiter: str) -> int:
    """The number of fields that an unclosed quotation mark has put into another field, with the lines after it."""
    within = [line.count(delimiter) for cell in cells for line in cell.splitlines()[1:]]
    return sum(count for count in within if 2 * count >= len(cells))


def _remove_apostrophe(cell: str) -> str:
    """A field without the apostrophe by which a rejection report keeps a spreadsheet from running it."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in FORMULA_SIGNS and cell[1:2] else cell


def _read(content: bytes, encoding: str, delimiter: str, *, strict: bool = True) -> Iterator[list[str]]:
    text = io.TextIOWrapper(io.BytesIO(content), encoding, newline="")
    reader = csv.reader(text, delimiter=delimiter, strict=strict)
    try:
        for cells in reader:
            if any("\x00" in cell for cell in cells):
                raise RejectedFileError("wrong_encoding", MESSAGES.format("nul_character", line=reader.line_num))
            yield cells
    except UnicodeError as error:
        detail = MESSAGES.format("wrong_encoding", line=reader.line_num, encoding=encoding)
        raise RejectedFileError("wrong_encoding", detail) from error
    except csv.Error as error:
        detail = MESSAGES.format("broken_csv", line=reader.line_num, error=error)
        raise RejectedFileError("not_a_workbook", detail) from error
