"""The inbox: returns of the agencies and monthly exports of the treasury, as files that arrive day by day."""

from __future__ import annotations

import csv
import io
import os
import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook

from simulator.figures import DEFAULT_SEED, FIRST_YEAR
from simulator.periods import LOCAL
from simulator.planted import Cell, Export, Row, read_planted
from simulator.returns import HEADINGS, File, list_returns
from simulator.treasury import AMOUNTS, treasury_records

EXPORTER = "H58.04"  # Sở Tài chính hands on what the treasury exports
EXPORTED = "GiaiNgan"
DAYS_TO_EXPORT = 2
CSV_MONTHS = {3, 7, 10}
STAMP = (2024, 1, 1, 0, 0, 0)  # of everything in a workbook, so that the same rows are the same bytes
SENT_AT = time(16)  # of the day of its arrival: when a file was last changed
SAVED_AT = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")


def list_files(known_on: date, seed: int) -> list[File]:
    """All files that have arrived by the end of ``known_on``, by arrival and path."""
    files = [file for file in (*list_returns(seed), *list_exports(known_on, seed)) if file.arrived_on <= known_on]
    return sorted(files, key=lambda file: (file.arrived_on, file.path))


def list_exports(known_on: date, seed: int) -> Iterator[File]:
    """The treasury's exports of the budget year that began in FIRST_YEAR, one for each month's end until it closes."""
    planted = {export.closed_on: export for export in read_planted().treasury.exports}
    for number in range(13):
        year, month = FIRST_YEAR + number // 12, number % 12 + 1
        closed_on = date(year, month, monthrange(year, month)[1])
        if closed_on >= known_on:
            return
        rows = treasury_records(FIRST_YEAR, closed_on, seed=seed, with_planted=False)
        plant = planted.get(closed_on)
        path = f"{EXPORTER}/giai-ngan-{closed_on:%Y-%m}"
        form = "csv" if month in CSV_MONTHS else "xlsx"
        told = [convert(row, plant) for row in rows] if plant else rows
        yield File(f"{path}.{form}", closed_on + timedelta(days=DAYS_TO_EXPORT), {EXPORTED: told})
        if plant and plant.told_right_on:
            yield File(f"{path}-thay-the.{form}", plant.told_right_on, {EXPORTED: rows})


def convert(row: Row, export: Export) -> Row:
    """``row`` with its amounts in the export's unit, and under the unit that it says."""
    amounts = {amount: row[amount] / export.values_in for amount in AMOUNTS}
    return row | amounts | {"DonViTien": export.says}


def write_inbox(folder: Path, day: date, seed: int = DEFAULT_SEED) -> list[Path]:
    """Write the files that have arrived by the end of ``day`` into the senders' folders under ``folder``.

    Returns all of them, by arrival and path. A file that is there already is left alone, so that writing again, or
    day by day, ends in the same bytes and modification times; files that the pipeline put beside them stay.
    """
    paths = []
    for file in list_files(day, seed):
        path = folder / file.path
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f".{path.name}")
            draft.write_bytes(encode_file(file))
            sent_at = datetime.combine(file.arrived_on, SENT_AT, LOCAL).timestamp()
            os.utime(draft, (sent_at, sent_at))
            draft.replace(path)
        paths.append(path)
    return paths


def encode_file(file: File) -> bytes:
    """The bytes of ``file``: a workbook or, by its name, the CSV that a Vietnamese Excel saves."""
    tables = {sheet: list_cells(sheet, rows, file.is_decomposed) for sheet, rows in file.tables.items() if rows}
    if file.path.endswith(".csv"):
        (cells,) = tables.values()
        return encode_csv(cells)
    return encode_workbook(tables)


def list_cells(sheet: str, rows: list[Row], is_decomposed: bool) -> list[list[Cell]]:
    """Headings and rows; ``is_decomposed``: with the letters' marks apart (NFD) and a stray space behind headings."""
    headings = list(HEADINGS.get(sheet, rows[0]))
    cells: list[list[Cell]] = [list(headings), *([row.get(heading) for heading in headings] for row in rows)]
    if is_decomposed:
        cells = [[unicodedata.normalize("NFD", c) if isinstance(c, str) else c for c in row] for row in cells]
        cells[0] = [f"{heading} " for heading in cells[0]]
    return cells


def encode_csv(cells: list[list[Cell]]) -> bytes:
    """With BOM, semicolons and decimal commas."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    for row in cells:
        writer.writerow([str(cell).replace(".", ",") if isinstance(cell, float) else cell for cell in row])
    return text.getvalue().encode("utf-8-sig")


def encode_workbook(tables: dict[str, list[list[Cell]]]) -> bytes:
    """An .xlsx whose bytes depend on nothing but its cells."""
    workbook = Workbook(write_only=True)
    for sheet, cells in tables.items():
        worksheet = workbook.create_sheet(sheet)
        for row in cells:
            worksheet.append(row)
    saved, fixed = io.BytesIO(), io.BytesIO()
    workbook.save(saved)
    with ZipFile(saved) as source, ZipFile(fixed, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = SAVED_AT.sub(rb"\g<1>2024-01-01T00:00:00Z", content)
            target.writestr(ZipInfo(name, STAMP), content, ZIP_DEFLATED)
    return fixed.getvalue()
