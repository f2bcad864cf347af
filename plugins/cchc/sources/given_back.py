"""What goes back to a sender: a copy of the file with the reason beside each refused row, or why none was taken."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import Any
from uuid import uuid4

import yaml
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.workbook.child import INVALID_TITLE_REGEX

from cchc.settings import INCLUDE
from cchc.sources.fields import read_record, read_vietnamese_number
from cchc.sources.inbox import GIVEN_BACK
from cchc.sources.table import REASONS_HEADING, Refusal, Row, Sheet, Wanted, find_headings, read_table, trim_cells
from cchc.sources.workbook import is_workbook, open_sheets, read_tables
from cchc.sources.workbook_bytes import fill_cell, pack_workbook

REASONS_FILE = INCLUDE / "inbox" / "reasons_vi.yaml"
# What a spreadsheet runs when a cell of a CSV file begins with it.
RUN_SIGNS = ("=", "+", "-", "@", "\t", "\r")
LOCAL = ("", "file", "local")
LONGEST_STEM = 200  # bytes: with its ending a name stays below the 255 of most file systems

# Sheet and row number → rules that the row breaks.
Reasons = Mapping[tuple[str, int], Sequence[str]]


@dataclass(frozen=True)
class SentFile:
    """A file as it was taken: its path within the inbox, the SHA-256 by which it is known, its bytes."""

    name: str
    sha256: str
    content: bytes


def write_given_back(
    folder: Any, file: SentFile, wanted: Wanted, reasons: Reasons, stop_rules: Iterable[str]
) -> list[Any]:
    """Write into ``tra-lai`` beside the file what has to go back of it; returns the paths.

    ``folder``: the inbox, a path as pathlib's. ``<name>.<sha8>.tra-lai.xlsx`` (or .csv) is the copy with its reasons,
    ``<name>.<sha8>.tra-lai.txt`` says which ``stop_rules`` keep the whole file out. Written again: the same files.
    """
    name = PurePosixPath(file.name)
    place = folder.joinpath(*name.parent.parts, GIVEN_BACK)
    short = name.stem.encode()[:LONGEST_STEM].decode(errors="ignore")
    stem = f"{short}.{file.sha256[:8]}.tra-lai"
    written = []
    if stop_rules := list(stop_rules):
        written.append(_write(place, f"{stem}.txt", _write_note(file, wanted, stop_rules).encode("utf-8-sig")))
    refused = {row: rules for row, rules in reasons.items() if rules}
    if refused:
        sheets = {sheet.name: _mark_rows(sheet, wanted, refused) for sheet in open_sheets(file.content, file.name)}
        write, ending = (_write_workbook, "xlsx") if is_workbook(file.content) else (_write_csv, "csv")
        written.append(_write(place, f"{stem}.{ending}", write(sheets)))
    return written


def explain(rule: str) -> str:
    """A rule in Vietnamese: what is wrong and how to put it right."""
    return _read_reasons().get(rule, f"Không đạt quy tắc kiểm tra {rule}.")


@cache
def _read_reasons() -> dict[str, str]:
    reasons: dict[str, str] = yaml.safe_load(REASONS_FILE.read_text(encoding="utf-8"))
    return reasons


def _write_note(file: SentFile, wanted: Wanted, rules: Iterable[str]) -> str:
    lines = [f"Tệp {PurePosixPath(file.name).name} chưa được dùng (mã nhận dạng {file.sha256[:8]}).", ""]
    lines += [f"- {explain(rule)}" for rule in rules]
    try:
        read_tables(file.content, file.name, wanted)
    except Refusal as refusal:
        lines += ["", f"Chi tiết: {refusal.detail_vi}."] if file.content else []
    return "\r\n".join([*lines, ""])


def _mark_rows(sheet: Sheet, wanted: Wanted, refused: Reasons) -> list[Row]:
    """A sheet's rows; where any is refused, with a last column of reasons in place of an earlier copy's."""
    rules_by_row = {row_no: rules for (name, row_no), rules in refused.items() if name == sheet.name}
    headings = find_headings(sheet, wanted) if rules_by_row else None
    if headings is None:
        return sheet.rows
    fields = wanted[headings.kind]
    records = dict(read_table(sheet, headings, fields).rows)
    reasons = {headings.row_no: REASONS_HEADING}
    for row_no, rules in rules_by_row.items():
        not_read = read_record(records.get(row_no, {}), fields, numbers="vietnamese").not_read
        reasons[row_no] = " ".join([*map(explain, rules), *(f"{held}." for held in not_read)])
    earlier = {column for column, heading in headings.columns.items() if heading == REASONS_HEADING}
    rows = {row_no: [None if at in earlier else cell for at, cell in enumerate(cells)] for row_no, cells in sheet.rows}
    width = max(len(trim_cells(tuple(cells))) for cells in rows.values())
    marked = []
    for row_no, cells in rows.items():
        filled = (*cells[:width], *[None] * (width - len(cells)))
        marked.append((row_no, (*filled, reasons.get(row_no))))
    return marked


def _fill_gaps(rows: list[Row]) -> Iterator[tuple[object, ...]]:
    """Every row in its place, the empty ones between them too."""
    next_row = 1
    for row_no, cells in rows:
        yield from [()] * (row_no - next_row)
        yield cells
        next_row = row_no + 1


def _write_workbook(sheets: Mapping[str, list[Row]]) -> bytes:
    """The values of a workbook, and nothing that could run."""
    workbook = Workbook(write_only=True)
    for name, rows in sheets.items():
        page = workbook.create_sheet(INVALID_TITLE_REGEX.sub("_", name))
        for values in _fill_gaps(rows):
            cells = [WriteOnlyCell(page) for _ in values]
            for cell, value in zip(cells, values, strict=True):
                fill_cell(cell, value)
            page.append(cells)
    return pack_workbook(workbook)


def _write_csv(sheets: Mapping[str, list[Row]]) -> bytes:
    """As Excel opens it in Vietnam (UTF-8 with its mark, semicolons), without formulas."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    for rows in sheets.values():
        writer.writerows([_disarm(cell) for cell in cells] for cells in _fill_gaps(rows))
    return text.getvalue().encode("utf-8-sig")


def _disarm(cell: object) -> str:
    text = "" if cell is None else str(cell)
    runs = text.startswith(RUN_SIGNS) and read_vietnamese_number(text) is None
    return f"'{text}" if runs else text


def _write(folder: Any, name: str, content: bytes) -> Any:
    """Write a file, unless the same lies there. Whole or not at all: object stores do so, a disk by renaming.

    Never through a link, which a sender may have put there to have another file overwritten.
    """
    if folder.is_symlink():
        raise OSError(f"{folder} is a link: nothing is written through it")
    target = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    if target.exists() and not target.is_symlink():
        with target.open("rb") as stream:
            if stream.read() == content:
                return target
    is_local = str(getattr(folder, "protocol", "")) in LOCAL
    draft = folder / f".{uuid4().hex}" if is_local else target
    with draft.open("wb") as stream:
        stream.write(content)
    if is_local:
        draft.replace(target)
    return target
