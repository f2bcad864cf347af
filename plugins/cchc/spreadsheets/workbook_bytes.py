"""Workbooks as bytes: the same content gives the same bytes, and text stays text."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell, MergedCell
from openpyxl.xml.functions import tostring

from cchc.fields.cells import CellError, Percent, Unseen

# Neither the clock nor the machine changes the bytes.
WRITTEN_AT = datetime(2024, 1, 1)  # noqa: DTZ001 — a workbook's properties know no time zone
DAY_FORMAT = "dd/mm/yyyy"
ESCAPE = re.compile("_(x[0-9A-Fa-f]{4}_)")  # a reader would take it for a character (xlsx_parts.py)
PERCENT_FORMAT = "0.00####%"
CORE_PROPERTIES = "docProps/core.xml"


def pack_workbook(workbook: Workbook) -> bytes:
    """The bytes of a workbook."""
    saved, packed = io.BytesIO(), io.BytesIO()
    workbook.save(saved)
    workbook.properties.created = workbook.properties.modified = WRITTEN_AT
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            body = tostring(workbook.properties.to_tree()) if name == CORE_PROPERTIES else old.read(name)
            new.writestr(zipfile.ZipInfo(name), body, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def fill_cell(cell: Cell | MergedCell, value: object) -> None:
    """Put a value into a cell. Text stays text, whatever it begins with, also after somebody edits the cell.

    Raises TypeError for a cell that is merged into another.
    """
    if isinstance(cell, MergedCell):
        raise TypeError(f"{cell.coordinate} is merged into another cell")
    if isinstance(value, Unseen):
        value = value.value
    if isinstance(value, CellError):
        value = value.text
    if isinstance(value, Percent):
        cell.value, cell.number_format = value.number / 100, PERCENT_FORMAT
    elif value is None or isinstance(value, int | float | Decimal | date | time | timedelta):
        cell.value = value
        if isinstance(value, datetime) and value.time() == time.min:
            cell.number_format = DAY_FORMAT
    else:
        text = ESCAPE.sub(r"_x005F_\1", str(value).replace("\v", " ").replace("\f", " "))
        cell.value = ILLEGAL_CHARACTERS_RE.sub("�", text)
        cell.data_type = "s"
        cell.quotePrefix = True
