"""The workbooks in which agencies report, one for each agency (``make templates``).

A workbook holds the agency's code, the indicators and tasks that it reports during the year, lists of choices, and a
guide with a filled example. Headings and their order are those of include/sources/returns.yaml. How sheets are written
is in spreadsheets/template_sheets.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from openpyxl import Workbook

from cchc.catalog import Agency, Catalog, Indicator, Plan
from cchc.catalog.model import Task
from cchc.fields.field_map import TASK_STATUSES, Field
from cchc.messages import OneLine, read_messages
from cchc.settings import SOURCES
from cchc.sources.profile import read_profile
from cchc.spreadsheets.rejection_report import REPORTS_FOLDER
from cchc.spreadsheets.table import GUIDE_SHEET, Wanted
from cchc.spreadsheets.template_sheets import Page, write_guide, write_page
from cchc.spreadsheets.workbook_bytes import pack_workbook

MESSAGES = read_messages("return_templates")

LISTS_SHEET = "DanhMuc"


@dataclass
class Reporter:
    """An agency with the indicators and tasks that it reports in a year, by code, in the plan's order."""

    agency: Agency
    indicators: dict[str, Indicator] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)


def write_templates(folder: Path, catalog: Catalog, year: int) -> list[Path]:
    """Write ``<agency code>-<year>.xlsx`` for each agency that reports anything in ``year``; returns the paths.

    The workbook of the root agency is for rows of the whole province, which lead agencies send. The same catalog gives
    the same bytes. Raises LookupError without a plan of the year.
    """
    plan = next((plan for plan in catalog.plans if plan.year == year), None)
    if plan is None:
        planned = ", ".join(str(plan.year) for plan in catalog.plans)
        raise LookupError(f"no plan of {catalog.province} for {year}, only for {planned}: add plan_{year}.yaml")
    folder.mkdir(parents=True, exist_ok=True)
    sheets = read_profile(SOURCES / "returns.yaml").sheet_fields()
    paths = []
    for reporter in list_reporters(catalog, plan):
        paths.append(folder / f"{reporter.agency.code}-{year}.xlsx")
        paths[-1].write_bytes(make_template(reporter, plan, sheets))
    return paths


def list_reporters(catalog: Catalog, plan: Plan) -> list[Reporter]:
    """The agencies that report on any day of the plan's year, by code: populations change during the year."""
    reporters: dict[str, Reporter] = {}

    def find_reporter(agency: Agency) -> Reporter:
        reporter = reporters.setdefault(agency.code, Reporter(agency))
        reporter.agency = agency  # its newest version, for its name
        return reporter

    reported = [indicator for indicator in plan.indicators if indicator.source == "returns"]
    tasks = [task for annex in catalog.annexes if annex.year == plan.year for task in annex.tasks]
    for day in _days_of_change(catalog, plan):
        for indicator in reported:
            for agency in catalog.reporters(indicator, day):
                find_reporter(agency).indicators.setdefault(indicator.code, indicator)
        for task in tasks:
            for agency in catalog.answerers(task, day):
                find_reporter(agency).tasks.setdefault(task.code, task)
    return [reporters[code] for code in sorted(reporters)]


def make_template(reporter: Reporter, plan: Plan, sheets: Wanted) -> bytes:
    """The workbook of one agency; ``sheets``: the kinds of sheet of the profile."""
    code = reporter.agency.code
    rows = {
        "ChiTieu": [(one.code, _describe(one, code, plan.province)) for one in reporter.indicators.values()],
        "NhiemVu": [(task.code, task.content_vi) for task in reporter.tasks.values()],
    }
    pages = [_make_page(kind, fields, rows[kind], code, plan.year) for kind, fields in sheets.items() if rows[kind]]
    workbook = Workbook()
    guide = workbook.worksheets[0]
    guide.title = GUIDE_SHEET
    lists = workbook.create_sheet(LISTS_SHEET)
    lists.sheet_state = "hidden"
    for page in pages:
        write_page(workbook.create_sheet(page.kind), lists, page)
    title = MESSAGES.format("title", agency=reporter.agency.name_vi, code=code, year=plan.year)
    statuses = OneLine(", ".join(TASK_STATUSES))
    lines = MESSAGES.format("guide", year=plan.year, statuses=statuses, folder=REPORTS_FOLDER).splitlines()
    examples = [(MESSAGES.format("example", sheet=page.kind), page, _fill_example(page, plan.year)) for page in pages]
    write_guide(guide, title, lines, examples)
    workbook.active = workbook.worksheets.index(workbook[pages[0].kind])
    return pack_workbook(workbook)


def list_periods(year: int) -> list[str]:
    """The periods of a year as people write them: quarters, months, the year."""
    return [*(f"{year}-Q{n}" for n in range(1, 5)), *(f"{year}-{n:02}" for n in range(1, 13)), str(year)]


def _days_of_change(catalog: Catalog, plan: Plan) -> list[date]:
    """The first day of the plan, and those on which agencies begin or change."""
    days = {agency.valid_from for agency in catalog.agencies}
    return sorted({plan.valid_from, *(day for day in days if plan.valid_from < day <= plan.valid_to)})


def _describe(indicator: Indicator, agency_code: str, province: str) -> str:
    """An indicator's name with hints for an agency, in one line."""
    is_province = agency_code == province
    hints = [MESSAGES.format("province_hint", lead=indicator.lead_agency_vi)] if is_province else []
    if indicator.roll_up == "share_of_agencies" and not is_province:
        hints.append(MESSAGES.format("counted_hint"))
    if indicator.counts == "rate":
        hints.append(MESSAGES.format("rate_hint"))
    if not hints:
        return indicator.name_vi
    return MESSAGES.format("indicator", name=OneLine(indicator.name_vi), hints=OneLine("; ".join(hints)))


def _make_page(
    kind: str, fields: Mapping[str, Field], rows: Sequence[tuple[str, str]], agency_code: str, year: int
) -> Page:
    choices = {
        "code": [code for code, _ in rows],
        "agency_code": [agency_code],
        "period": list_periods(year),
        "status": list(TASK_STATUSES),
    }
    return Page(kind, fields, choices, rows, agency_code, MESSAGES.texts["choice_error"])


def _fill_example(page: Page, year: int) -> list[object]:
    # 1 of 1 is right for every indicator, also where agencies are counted.
    values = {"period": f"{year}-Q1", "numerator": 1, "denominator": 1, "done_on": f"28/02/{year}"}
    return page.fill(*page.rows[0], {**MESSAGES.group("example_row"), **values})
