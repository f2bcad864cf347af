"""Sheets to fill in: rows with lists of choices, and a guide. The caller decides their content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils.cell import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from cchc.fields.field_map import Field, Type
from cchc.messages import fill
from cchc.spreadsheets.table import NAME_HEADING
from cchc.spreadsheets.workbook_bytes import DAY_FORMAT, fill_cell

LAST_ROW = 500  # the last row with lists of choices
WIDTHS: dict[Type, int] = {"code": 16, "period": 14, "number": 14, "date": 18, "task_status": 18, "text": 40}
NAME_WIDTH = 90
# "@" is text, which stays as it is typed. In any other format a spreadsheet makes a date of 2024-06, 0.8712 of 87,12%,
# and with English settings one and a quarter of 1.234.
FORMATS: dict[Type, str] = {"code": "@", "period": "@", "number": "@", "text": "@", "date": DAY_FORMAT}
HEADING_FILL = PatternFill("solid", fgColor="DDEBF7")
WRAPPED = Alignment(wrap_text=True, vertical="top")


@dataclass(frozen=True)
class Page:
    """One kind of sheet. ``choices``: column → its allowed values; ``rows``: codes that are filled in, and names.

    ``choice_error_vi``: the message for a value outside the choices, with the placeholder ``heading``.
    """

    kind: str
    fields: Mapping[str, Field]
    choices: Mapping[str, Sequence[str]]
    rows: Sequence[tuple[str, str]]
    agency_code: str
    choice_error_vi: str

    @property
    def headings(self) -> list[str]:
        """The headings in their order; the name of a code comes after the code."""
        first, *others = self.fields
        return [first, NAME_HEADING, *others]

    def fill(self, code: str, name_vi: str, values: Mapping[str, object]) -> list[object]:
        """The cells of one row."""
        known = {"code": code, "agency_code": self.agency_code, **values}
        return [name_vi if text == NAME_HEADING else known.get(self.fields[text].column) for text in self.headings]


def write_page(sheet: Worksheet, lists: Worksheet, page: Page) -> None:
    """Write headings, the rows with their codes, formats and lists; ``lists`` is the sheet that holds the choices."""
    _write_headings(sheet, 1, page.headings)
    sheet.freeze_panes = "A2"
    for row_no, (code, name_vi) in enumerate(page.rows, 2):
        _write_row(sheet, row_no, page.fill(code, name_vi, {}))
    for column, heading in enumerate(page.headings, 1):
        letter = get_column_letter(column)
        wire = page.fields.get(heading)
        dimension = sheet.column_dimensions[letter]
        dimension.width = WIDTHS[wire.type] if wire else NAME_WIDTH
        number_format = FORMATS.get(wire.type, "General") if wire else "@"
        dimension.number_format = number_format
        for row_no in range(2, len(page.rows) + 2):
            sheet.cell(row_no, column).number_format = number_format
        choices = page.choices.get(wire.column) if wire else None
        if choices:
            rule = DataValidation("list", formula1=_write_list(lists, choices), allow_blank=True, showErrorMessage=True)
            rule.errorTitle, rule.error = heading, fill(page.choice_error_vi, heading=heading)
            rule.add(f"{letter}2:{letter}{LAST_ROW}")
            sheet.add_data_validation(rule)


def write_guide(
    sheet: Worksheet, title_vi: str, lines_vi: Iterable[str], examples: Iterable[tuple[str, Page, list[object]]]
) -> None:
    """Write the guide: a title, its lines, and a filled example of each page below its own title."""
    sheet.column_dimensions["A"].width = 24
    fill_cell(sheet["A1"], title_vi)
    sheet["A1"].font = Font(bold=True, size=14)
    row_no = 3
    for line in lines_vi:
        fill_cell(sheet.cell(row_no, 1), line)
        row_no += 1
    for example_vi, page, cells in examples:
        fill_cell(sheet.cell(row_no + 1, 1), example_vi)
        _write_headings(sheet, row_no + 2, page.headings)
        _write_row(sheet, row_no + 3, cells)
        row_no += 4


def _write_list(lists: Worksheet, choices: Sequence[str]) -> str:
    """Put the choices into a column of ``lists``; returns its address."""
    column = lists.max_column + 1 if lists["A1"].value else 1
    for row_no, choice in enumerate(choices, 1):
        fill_cell(lists.cell(row_no, column), choice)
    letter = get_column_letter(column)
    return f"'{lists.title}'!${letter}$1:${letter}${len(choices)}"


def _write_headings(sheet: Worksheet, row_no: int, headings: Sequence[str]) -> None:
    for column, heading in enumerate(headings, 1):
        cell = sheet.cell(row_no, column, heading)
        cell.font, cell.fill, cell.alignment = Font(bold=True), HEADING_FILL, WRAPPED


def _write_row(sheet: Worksheet, row_no: int, values: Sequence[object]) -> None:
    for column, value in enumerate(values, 1):
        cell = sheet.cell(row_no, column)
        fill_cell(cell, value)
        cell.alignment = WRAPPED
