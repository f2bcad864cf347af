"""Return templates: one for each agency; a filled one is read as it was written."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from cchc.catalog import Catalog, load_catalog
from cchc.fields.field_map import Notation, read_record
from cchc.presentation.return_templates import Reporter, list_reporters, write_templates
from cchc.settings import CHECKOUT, SOURCES
from cchc.sources.profile import read_profile
from cchc.spreadsheets.workbook import RejectedFileError, read_tables

WANTED = read_profile(SOURCES / "returns.yaml").sheet_fields()
DISTRICT = "H58.31"


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog(CHECKOUT / "include" / "catalog", "H58")


@pytest.fixture(scope="session")
def reporters(catalog: Catalog) -> dict[str, Reporter]:
    return {reporter.agency.code: reporter for reporter in list_reporters(catalog, catalog.plans[0])}


@pytest.fixture(scope="session")
def folder(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The templates of three agencies: the root, a department, a district."""
    few = catalog.model_copy(
        update={"agencies": tuple(one for one in catalog.agencies if one.code in ("H58", "H58.02", DISTRICT))}
    )
    target = tmp_path_factory.mktemp("templates")
    assert [path.name for path in write_templates(target, few, 2024)] == [
        "H58-2024.xlsx", "H58.02-2024.xlsx", f"{DISTRICT}-2024.xlsx"
    ]  # fmt: skip
    return target


def codes_of(sheet: openpyxl.worksheet.worksheet.Worksheet) -> list[str]:
    return [row[0] for row in sheet.iter_rows(min_row=2, values_only=True) if row[0]]


def test_template_of_the_root_has_every_returned_indicator(catalog: Catalog, reporters: dict[str, Reporter]) -> None:
    returned = [indicator.code for indicator in catalog.plans[0].indicators if indicator.source == "returns"]
    assert len(returned) == 27
    assert list(reporters["H58"].indicators) == returned


def test_every_task_has_a_reporter(reporters: dict[str, Reporter]) -> None:
    assert len({code for reporter in reporters.values() for code in reporter.tasks}) == 53


def test_agencies_of_any_day_of_the_year_have_a_template(catalog: Catalog, reporters: dict[str, Reporter]) -> None:
    begun = {agency.code for agency in catalog.members("xa", date(2024, 1, 1))}
    ended = {agency.code for agency in catalog.members("xa", date(2024, 12, 31))}
    assert begun - ended
    assert begun | ended <= reporters.keys()


def test_template_holds_code_indicators_and_tasks_of_its_agency(folder: Path, reporters: dict[str, Reporter]) -> None:
    workbook = openpyxl.load_workbook(folder / f"{DISTRICT}-2024.xlsx")
    assert [sheet.title for sheet in workbook if sheet.sheet_state == "visible"] == ["Hướng dẫn", "ChiTieu", "NhiemVu"]
    assert codes_of(workbook["ChiTieu"]) == list(reporters[DISTRICT].indicators)
    assert codes_of(workbook["NhiemVu"]) == list(reporters[DISTRICT].tasks)
    assert {row[2] for row in workbook["ChiTieu"].iter_rows(min_row=2, values_only=True)} == {DISTRICT}
    assert "II.2-3" in codes_of(workbook["ChiTieu"])
    assert "II.8-2" not in codes_of(workbook["ChiTieu"])


def test_lists_offer_codes_periods_and_statuses(folder: Path) -> None:
    workbook = openpyxl.load_workbook(folder / f"{DISTRICT}-2024.xlsx")
    offered = {}
    for kind in WANTED:
        for rule in workbook[kind].data_validations.dataValidation:
            sheet, _, cells = rule.formula1.rpartition("!")
            listed = [row[0].value for row in workbook[sheet.strip("'")][cells.replace("$", "")]]
            offered[workbook[kind].cell(1, next(iter(rule.ranges.ranges)).min_col).value] = listed
    assert offered["Mã đơn vị"] == [DISTRICT]
    assert offered["Kỳ báo cáo"][0] == "2024-Q1"
    assert len(offered["Kỳ báo cáo"]) == 17
    assert offered["Trạng thái"] == ["chưa thực hiện", "đang thực hiện", "hoàn thành", "không áp dụng"]
    assert "II.2-3" in offered["Mã chỉ tiêu"]


def test_unfilled_template_reports_nothing(folder: Path) -> None:
    for path in folder.iterdir():
        with pytest.raises(RejectedFileError) as rejected:
            read_tables(path.read_bytes(), path.name, WANTED)
        assert rejected.value.rule == "no_rows"


def test_filled_template_is_read_as_written(folder: Path) -> None:
    workbook = openpyxl.load_workbook(folder / f"{DISTRICT}-2024.xlsx")
    indicators, tasks = workbook["ChiTieu"], workbook["NhiemVu"]
    row_no = codes_of(indicators).index("II.6-1") + 2
    for column, value in zip("DEFG", ["2024-06", "9,5", 12, "Số 1/BC"], strict=True):
        indicators[f"{column}{row_no}"] = value
    for column, value in zip("DEF", ["Hoàn thành", date(2024, 6, 28), None], strict=True):
        tasks[f"{column}2"] = value
    file = io.BytesIO()
    workbook.save(file)
    indicator, task = [
        read_record(record, WANTED[table.kind], Notation("vietnamese"))
        for table in read_tables(file.getvalue(), "bc.xlsx", WANTED)
        for _, record in table.rows
    ]
    assert (indicator.not_read, indicator.coerced, task.not_read, task.coerced) == ([], [], [], [])
    assert {name: str(value) for name, value in indicator.values.items()} == {
        "code": "II.6-1", "agency_code": DISTRICT, "period": "2024-06", "period_start": "2024-06-01",
        "period_end": "2024-06-30", "numerator": "9.5", "denominator": "12", "evidence": "Số 1/BC", "note": "None",
    }  # fmt: skip
    assert (task.values["status"], task.values["done_on"]) == ("done", date(2024, 6, 28))


def test_number_cells_keep_what_is_typed_as_text(folder: Path) -> None:
    """In any other format a spreadsheet makes 0.8712 of 87,12%, and with English settings 1.234 of 1.234."""
    sheet = openpyxl.load_workbook(folder / f"{DISTRICT}-2024.xlsx")["ChiTieu"]
    letters = {cell.value: cell.column_letter for cell in sheet[1]}
    for heading in ("Tử số", "Mẫu số"):
        letter = letters[heading]
        assert sheet.column_dimensions[letter].number_format == "@"
        assert {cell.number_format for cell in sheet[letter][1:]} == {"@"}


def test_template_asks_rates_as_a_percentage_over_a_hundred(folder: Path) -> None:
    sheet = openpyxl.load_workbook(folder / "H58-2024.xlsx")["ChiTieu"]
    asked = {row[0]: row[1] for row in sheet.iter_rows(min_row=2, values_only=True)}
    assert "Tử số ghi tỷ lệ phần trăm, ví dụ 87,12; Mẫu số ghi 100" in asked["II.10-1"]
    assert "phần trăm" not in asked["II.8-2"].replace("Tỷ lệ phần trăm", "")


def test_same_catalog_gives_the_same_bytes(catalog: Catalog, tmp_path: Path) -> None:
    few = catalog.model_copy(update={"agencies": tuple(one for one in catalog.agencies if one.code == "H58")})
    first, second = (write_templates(tmp_path / name, few, 2024)[0].read_bytes() for name in "ab")
    assert first == second


def test_year_without_a_plan_is_an_error(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(LookupError, match=r"plan_2031\.yaml"):
        write_templates(tmp_path, catalog, 2031)
    assert list(tmp_path.iterdir()) == []
