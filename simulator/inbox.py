"""The files of the inbox: returns of the agencies and monthly exports of the treasury, which arrive day by day."""

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

from simulator.periods import LOCAL
from simulator.returns import HEADINGS, File, list_returns
from simulator.seeded_faults import Cell, Export, Row, read_seeded_faults
from simulator.treasury import AMOUNTS, treasury_records
from simulator.values import DEFAULT_SEED, FIRST_YEAR

EXPORTER = "H58.04"  # Sở Tài chính forwards the treasury's exports
EXPORTED = "GiaiNgan"
DAYS_TO_EXPORT = 2
CSV_MONTHS = {3, 7, 10}
STAMP = (2024, 1, 1, 0, 0, 0)  # the time of every part of a workbook, so that equal rows give equal bytes
SENT_AT = time(16)  # local time of a file's last change, on the day of its arrival
SAVED_AT = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")


def list_files(known_on: date, seed: int) -> list[File]:
    """All files that have arrived by the end of ``known_on``, by arrival and path."""
    files = [file for file in (*list_returns(seed), *list_exports(known_on, seed)) if file.arrived_on <= known_on]
    return sorted(files, key=lambda file: (file.arrived_on, file.path))


def list_exports(known_on: date, seed: int) -> Iterator[File]:
    """The treasury's exports of the budget year that began in FIRST_YEAR, one for each month's end until it closes."""
    faults = {export.closed_on: export for export in read_seeded_faults().treasury.exports}
    for number in range(13):
        year, month = FIRST_YEAR + number // 12, number % 12 + 1
        closed_on = date(year, month, monthrange(year, month)[1])
        if closed_on >= known_on:
            return
        rows = treasury_records(FIRST_YEAR, closed_on, seed=seed, with_seeded_faults=False)
        fault = faults.get(closed_on)
        path = f"{EXPORTER}/giai-ngan-{closed_on:%Y-%m}"
        form = "csv" if month in CSV_MONTHS else "xlsx"
        exported = [convert(row, fault) for row in rows] if fault else rows
        yield File(f"{path}.{form}", closed_on + timedelta(days=DAYS_TO_EXPORT), {EXPORTED: exported})
        if fault and fault.corrected_on:
            yield File(f"{path}-thay-the.{form}", fault.corrected_on, {EXPORTED: rows})


def convert(row: Row, export: Export) -> Row:
    """``row`` with its amounts in the export's unit, and the unit that the export states."""
    amounts = {amount: row[amount] / export.values_in for amount in AMOUNTS}
    return row | amounts | {"DonViTien": export.stated_unit}


def write_inbox(folder: Path, day: date, seed: int = DEFAULT_SEED) -> list[Path]:
    """Write the files that have arrived by the end of ``day`` into the senders' folders under ``folder``.

    Returns all of them, by arrival and path. An existing file stays as it is: writing again, or day by day, ends in the
    same bytes and modification times. Files that the pipeline puts beside them stay too.
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
    """The bytes of ``file``: a workbook or, by its name, a CSV as a Vietnamese Excel saves it."""
    tables = {sheet: list_cells(sheet, rows, file.is_decomposed) for sheet, rows in file.tables.items() if rows}
    if file.path.endswith(".csv"):
        (cells,) = tables.values()
        return encode_csv(cells)
    return encode_workbook(tables)


def list_cells(sheet: str, rows: list[Row], is_decomposed: bool) -> list[list[Cell]]:
    """Headings and rows; ``is_decomposed``: with decomposed letters (NFD) and a stray space after each heading."""
    headings = list(HEADINGS.get(sheet, rows[0]))
    cells: list[list[Cell]] = [list(headings), *([row.get(heading) for heading in headings] for row in rows)]
    if is_decomposed:
        cells = [[unicodedata.normalize("NFD", c) if isinstance(c, str) else c for c in row] for row in cells]
        cells[0] = [f"{heading} " for heading in cells[0]]
    return cells


def encode_csv(cells: list[list[Cell]]) -> bytes:
    """CSV with BOM, semicolons and decimal commas."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    for row in cells:
        writer.writerow([str(cell).replace(".", ",") if isinstance(cell, float) else cell for cell in row])
    return text.getvalue().encode("utf-8-sig")


def encode_workbook(tables: dict[str, list[list[Cell]]]) -> bytes:
    """An .xlsx whose bytes depend on its cells only."""
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
