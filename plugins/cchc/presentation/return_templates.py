"""The workbooks in which agencies report: ``make templates`` writes one for each.

Each holds the agency's own code, the indicators and tasks that it answers for during the year, lists to choose from,
and a guide with a filled example. Headings and their order are those of include/sources/returns.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from openpyxl import Workbook

from cchc.catalog import Agency, Catalog, Indicator, Plan
from cchc.catalog.model import Task
from cchc.fields.field_map import TASK_STATUSES
from cchc.settings import SOURCES
from cchc.sources.profile import FilesProfile, Sheet, read_profile
from cchc.spreadsheets.table import GUIDE_SHEET
from cchc.spreadsheets.template_sheets import Page, write_guide, write_page
from cchc.spreadsheets.workbook_bytes import pack_workbook

LISTS_SHEET = "DanhMuc"
# What the example says, by column; a figure where agencies are counted is 1 of 1.
EXAMPLE: Mapping[str, object] = {"evidence": "Báo cáo số 12/BC-UBND ngày 05/4", "note": "Ví dụ", "status": "hoàn thành"}
COUNTED_VI = "Tử số ghi 1 nếu đơn vị đã thực hiện, 0 nếu chưa; Mẫu số ghi 1"
RATE_VI = "Tử số ghi tỷ lệ phần trăm, ví dụ 87,12; Mẫu số ghi 100"

GUIDE_VI = """\
1. Điền vào các trang bên cạnh. Mỗi chỉ tiêu, mỗi kỳ là một dòng; dòng chỉ có mã được bỏ qua.
2. Số liệu là lũy kế từ 01/01 đến hết kỳ báo cáo, nộp sau khi hết kỳ. Nộp lại cùng kỳ là sửa số đã nộp.
3. Kỳ báo cáo: {year}-Q1 … {year}-Q4 (quý), {year}-01 … {year}-12 (tháng), {year} (cả năm).
4. Số viết kiểu Việt Nam: 9,5 là chín phẩy năm; 1.234 là một nghìn hai trăm ba mươi tư; không kèm đơn vị hay %. Số đếm
   (đơn vị, hồ sơ, văn bản…) là số nguyên.
5. Chỉ tiêu đếm số đơn vị: Tử số ghi 1 (đã thực hiện) hoặc 0 (chưa), Mẫu số ghi 1. Chỉ tiêu khảo sát: Tử số ghi tỷ lệ
   phần trăm (87,12), Mẫu số ghi 100.
6. Không có số liệu thì để trống, không ghi 0.
7. Trạng thái nhiệm vụ: {statuses}. Nhiệm vụ hoàn thành phải có Ngày hoàn thành (dd/MM/yyyy).
8. Không đổi tên cột, không gộp ô tiêu đề, không đặt mật khẩu, không dùng macro.
9. Lưu dạng .xlsx, nộp vào thư mục của đơn vị. Dòng chưa đạt được trả lại trong thư mục tra-lai bên cạnh, kèm lý do ở
   cột đầu: sửa ngay trong bản đó rồi nộp lại."""


@dataclass
class Reporter:
    """An agency with what it has to report in a year, by code, in the plan's order."""

    agency: Agency
    indicators: dict[str, Indicator] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)


def write_templates(folder: Path, catalog: Catalog, year: int) -> list[Path]:
    """Write ``<agency code>-<year>.xlsx`` for each agency that reports anything in ``year``; returns the paths.

    The root's is for the rows of the whole province, which the lead agencies send. The same catalog gives the same
    bytes. Raises LookupError without a plan of the year.
    """
    plan = next((plan for plan in catalog.plans if plan.year == year), None)
    if plan is None:
        planned = ", ".join(str(plan.year) for plan in catalog.plans)
        raise LookupError(f"no plan of {catalog.province} for {year}, only for {planned}: add plan_{year}.yaml")
    folder.mkdir(parents=True, exist_ok=True)
    sheets = _read_sheets()
    paths = []
    for reporter in list_reporters(catalog, plan):
        paths.append(folder / f"{reporter.agency.code}-{year}.xlsx")
        paths[-1].write_bytes(make_template(reporter, plan, sheets))
    return paths


def list_reporters(catalog: Catalog, plan: Plan) -> list[Reporter]:
    """Who reports on any day of the plan's year, by code: populations change during the year."""
    reporters: dict[str, Reporter] = {}

    def find_reporter(agency: Agency) -> Reporter:
        reporter = reporters.setdefault(agency.code, Reporter(agency))
        reporter.agency = agency  # its newest version, whose name it bears
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


def make_template(reporter: Reporter, plan: Plan, sheets: Mapping[str, Sheet]) -> bytes:
    """The workbook of one agency; ``sheets``: its kinds of sheet, as the profile has them."""
    code = reporter.agency.code
    rows = {
        "ChiTieu": [(one.code, _describe(one, code, plan.province)) for one in reporter.indicators.values()],
        "NhiemVu": [(task.code, task.content_vi) for task in reporter.tasks.values()],
    }
    pages = [_make_page(kind, sheet, rows[kind], code, plan.year) for kind, sheet in sheets.items() if rows[kind]]
    workbook = Workbook()
    guide = workbook.worksheets[0]
    guide.title = GUIDE_SHEET
    lists = workbook.create_sheet(LISTS_SHEET)
    lists.sheet_state = "hidden"
    for page in pages:
        write_page(workbook.create_sheet(page.kind), lists, page)
    title = f"{reporter.agency.name_vi} ({code}): báo cáo cải cách hành chính năm {plan.year}"
    lines = GUIDE_VI.format(year=plan.year, statuses=", ".join(TASK_STATUSES)).splitlines()
    write_guide(guide, title, lines, [(page, _fill_example(page, plan.year)) for page in pages])
    workbook.active = workbook.worksheets.index(workbook[pages[0].kind])
    return pack_workbook(workbook)


def list_periods(year: int) -> list[str]:
    """The periods of a year as they are written: quarters, months, the year."""
    return [*(f"{year}-Q{n}" for n in range(1, 5)), *(f"{year}-{n:02}" for n in range(1, 13)), str(year)]


def _read_sheets() -> Mapping[str, Sheet]:
    profile = read_profile(SOURCES / "returns.yaml")
    if not isinstance(profile, FilesProfile):
        raise TypeError("returns.yaml: its protocol isn't files")
    return profile.sheets


def _days_of_change(catalog: Catalog, plan: Plan) -> list[date]:
    """The first day of the plan, and those on which agencies begin or change."""
    days = {agency.valid_from for agency in catalog.agencies}
    return sorted({plan.valid_from, *(day for day in days if plan.valid_from < day <= plan.valid_to)})


def _describe(indicator: Indicator, agency_code: str, province: str) -> str:
    """What an indicator asks of an agency, in a line."""
    is_province = agency_code == province
    hints = [f"toàn tỉnh; chủ trì: {indicator.lead_agency_vi}"] if is_province else []
    if indicator.roll_up == "share_of_agencies" and not is_province:
        hints.append(COUNTED_VI)
    if indicator.counts == "rate":
        hints.append(RATE_VI)
    return f"{indicator.name_vi} ({'; '.join(hints)})" if hints else indicator.name_vi


def _make_page(kind: str, sheet: Sheet, rows: Sequence[tuple[str, str]], agency_code: str, year: int) -> Page:
    choices = {
        "code": [code for code, _ in rows],
        "agency_code": [agency_code],
        "period": list_periods(year),
        "status": list(TASK_STATUSES),
    }
    return Page(kind, sheet.fields_, choices, rows, agency_code)


def _fill_example(page: Page, year: int) -> list[object]:
    figures = {"period": f"{year}-Q1", "numerator": 1, "denominator": 1, "done_on": f"28/02/{year}"}
    return page.fill(*page.rows[0], {**EXAMPLE, **figures})
