"""CSV as people's programs write it: UTF-8 with or without its mark, UTF-16 with it; semicolon, comma or tab."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from itertools import islice

from cchc.spreadsheets.table import HEADINGS_WITHIN, MAX_COLUMNS, RejectedFileError, Row, Sheet, trim_cells

DELIMITERS = ";,\t"
# What a spreadsheet runs when a field begins with it.
RUN_SIGNS = ("=", "+", "-", "@", "\t", "\r")
MAX_CELLS = 1_000_000
MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def open_csv(content: bytes, name: str, last_row: int) -> Sheet:
    """The file as one sheet, named after it, all its cells text. Raises RejectedFileError where its encoding is another."""
    encoding = MARKS.get(content[:2], "utf-8-sig")
    delimiter = _find_delimiter(content, encoding)
    rows: list[Row] = []
    field_counts: dict[int, int] = {}
    cells_read = 0
    for row_no, cells in enumerate(islice(_read(content, encoding, delimiter), last_row), 1):
        if trimmed := trim_cells(tuple(_arm(cell) or None for cell in cells[:MAX_COLUMNS])):
            rows.append((row_no, trimmed))
            field_counts[row_no] = len(cells) + _count_swallowed(cells, delimiter)
            cells_read += len(trimmed)
        if cells_read > MAX_CELLS:
            raise RejectedFileError("too_large", f"hơn {MAX_CELLS} ô; chia thành nhiều tệp")
    return Sheet(name, rows, delimiter=delimiter, field_counts=field_counts)


def _find_delimiter(content: bytes, encoding: str) -> str:
    """The one that makes the most columns of the first rows: headings hold none of the three.

    Each is tried without strictness: a field in quotation marks breaks the rules of the other two.
    """
    widths = {
        delimiter: max(map(len, islice(_read(content, encoding, delimiter, strict=False), HEADINGS_WITHIN)), default=0)
        for delimiter in DELIMITERS
    }
    return max(widths, key=lambda delimiter: widths[delimiter])


def _count_swallowed(cells: list[str], delimiter: str) -> int:
    """Fields in the lines within a field: a quotation mark that isn't closed swallows the rows that follow."""
    within = [line.count(delimiter) for cell in cells for line in cell.splitlines()[1:]]
    return sum(count for count in within if 2 * count >= len(cells))


def _arm(cell: str) -> str:
    """A field without the apostrophe that keeps a spreadsheet from running it (given_back.py)."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in RUN_SIGNS and cell[1:2] else cell


def _read(content: bytes, encoding: str, delimiter: str, *, strict: bool = True) -> Iterator[list[str]]:
    text = io.TextIOWrapper(io.BytesIO(content), encoding, newline="")
    reader = csv.reader(text, delimiter=delimiter, strict=strict)
    try:
        for cells in reader:
            if any("\x00" in cell for cell in cells):
                raise RejectedFileError("wrong_encoding", f"dòng {reader.line_num} có ký tự NUL")
            yield cells
    except UnicodeError as error:
        raise RejectedFileError("wrong_encoding", f"sau dòng {reader.line_num} có byte không phải {encoding}") from error
    except csv.Error as error:
        raise RejectedFileError("not_a_workbook", f"dòng {reader.line_num} không đọc được như CSV ({error})") from error
