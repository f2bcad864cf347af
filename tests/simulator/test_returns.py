"""The returns: senders, rows, days of arrival, seeded faults."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest
import yaml

from simulator import return_records
from simulator.agencies import AGENCIES_CSV
from simulator.returns import HEADINGS, end_period, list_returns
from simulator.seeded_faults import read_seeded_faults
from simulator.sets import find_members
from simulator.tasks import Task, find_status, list_tasks

Row = dict[str, Any]
YEAR_END = date(2024, 12, 31)


@pytest.fixture(scope="module")
def cells() -> list[Row]:
    return return_records(YEAR_END)


def find_cells(cells: list[Row], code: str, **wanted: Any) -> list[Row]:
    named = {"agency": "Mã đơn vị", "period": "Kỳ báo cáo"}
    return [
        row
        for row in cells
        if row.get("Mã chỉ tiêu") == code and all(row[named[key]] == value for key, value in wanted.items())
    ]


def read_entries() -> dict[str, dict[str, Any]]:
    plan = yaml.safe_load(AGENCIES_CSV.with_name("plan_2024.yaml").read_text(encoding="utf-8"))
    entries = [entry for clause in plan["clauses"] for entry in clause["indicators"]]
    return {entry["code"]: entry for entry in entries if entry["source"] == "returns"}


def test_every_indicator_that_only_people_can_report_is_but_the_survey_of_next_spring(cells: list[Row]) -> None:
    entries = read_entries()
    assert len(entries) == 27
    assert {row["Mã chỉ tiêu"] for row in cells if row["sheet"] == "ChiTieu"} - {"II.99-1"} == entries.keys() - {
        "II.1.dd-2"
    }


def test_agencies_answer_yes_or_no_only_for_their_sets(cells: list[Row]) -> None:
    entries = read_entries()
    seeded = {(p.row.get("Mã chỉ tiêu"), p.row["Mã đơn vị"]) for p in read_seeded_faults().returns.rows}
    for row in cells:
        entry = entries.get(row.get("Mã chỉ tiêu", ""))
        agency = row["Mã đơn vị"]
        if not entry or agency == "H58" or (entry["code"], agency) in seeded or row["Kỳ báo cáo"] == "2023":
            continue
        if "set" in entry["population"]:
            members = find_members(entry["population"]["set"], end_period(row["Kỳ báo cáo"]))
            assert agency in {member.code for member in members}
            assert (row["Tử số"], row["Mẫu số"]) in ((0, 1), (1, 1))


def test_inspected_districts_are_three_of_eleven_then_four(cells: list[Row]) -> None:
    counts = [
        Counter(row["Tử số"] for row in find_cells(cells, "II.2-2", period=period)) for period in ("2024-Q3", "2024")
    ]
    assert counts == [{1: 3, 0: 8}, {1: 4, 0: 7}]


def test_some_agencies_never_answer(cells: list[Row]) -> None:
    answered = {row["Mã đơn vị"] for row in find_cells(cells, "II.3-1")} - {"H58.88"}
    everyone = {agency.code for agency in find_members("co_quan_don_vi_dia_phuong", date(2024, 9, 30))}
    assert 0 < len(everyone - answered) < len(everyone) * 0.08


def test_new_group_one_units_are_reported_with_their_baseline(cells: list[Row]) -> None:
    assert [(row["Tử số"], row["Mẫu số"]) for row in find_cells(cells, "II.8-2", period="2024")] == [(7, 5)]


def test_some_numbers_are_vietnamese_text(cells: list[Row]) -> None:
    texts = {row["Tử số"] for row in cells if row["sheet"] == "ChiTieu" and isinstance(row["Tử số"], str)}
    assert {"1.234", "91,2 %", "1,142"} <= texts


def test_nothing_is_known_before_it_arrives() -> None:
    arrived = return_records(date(2024, 4, 12))
    assert {row["file"] for row in arrived} == {
        "H58.01/bao-cao-2024-Q1.xlsx",
        "H58.02/bao-cao-2024-Q1.xlsx",
        "H58.04/bao-cao-2024-02.xlsx",
        "H58.40/bao-cao-2023.xlsx",
    }
    assert return_records(date(2024, 2, 4)) == []


def test_same_seed_gives_the_same_cells(cells: list[Row]) -> None:
    assert return_records(YEAR_END, seed=1) == cells
    assert return_records(YEAR_END, seed=2) != cells


def test_cells_stand_under_the_headings_of_their_sheet(cells: list[Row]) -> None:
    for row in cells:
        assert list(row) == [*HEADINGS[row["sheet"]], "file", "sheet", "arrived_on"]


def test_every_task_is_reported_by_agencies_that_answer_for_it(cells: list[Row]) -> None:
    seeded = {p.row["Mã nhiệm vụ"] for p in read_seeded_faults().returns.rows if p.sheet == "NhiemVu"}
    reported = {row["Mã nhiệm vụ"] for row in cells if row["sheet"] == "NhiemVu"}
    tasks = {task.code: task for task in list_tasks()}
    assert len(tasks) == 53
    assert reported == tasks.keys() | seeded
    for row in cells:
        if row["sheet"] == "NhiemVu" and row["Mã nhiệm vụ"] not in seeded:
            agencies = {agency.code for agency in tasks[row["Mã nhiệm vụ"]].find_agencies(row["arrived_on"])}
            assert row["Mã đơn vị"] in agencies
            assert (row["Trạng thái"] == "hoàn thành") == (row["Ngày hoàn thành"] is not None)
            assert (row["Ngày hoàn thành"] or date.min) <= row["arrived_on"]


@pytest.mark.parametrize(
    ("drawn", "day", "status"),
    [
        (0.5, date(2024, 3, 31), ("chưa thực hiện", None)),
        (0.5, date(2024, 4, 1), ("đang thực hiện", None)),
        (0.5, date(2024, 6, 30), ("hoàn thành", date(2024, 6, 2))),
        (0.07, date(2024, 6, 30), ("đang thực hiện", None)),
        (0.07, date(2024, 7, 25), ("hoàn thành", date(2024, 7, 25))),
        (0.01, date(2025, 1, 31), ("đang thực hiện", None)),
    ],
)
def test_task_of_a_quarter_is_done_in_time_late_or_never(
    drawn: float, day: date, status: tuple[str, date | None]
) -> None:
    task = Task("PL.I.6", "quarter", date(2024, 4, 1), date(2024, 6, 30), ("H58.02",), ())
    assert find_status(task, drawn, day) == status


def test_every_seeded_row_is_in_its_file_and_few_are_in_one() -> None:
    files = {file.path: file for file in list_returns(1)}
    for fault in read_seeded_faults().returns.rows:
        rows = files[fault.file].tables[fault.sheet]
        assert fault.row in rows
    for path, file in files.items():
        seeded = sum(fault.file == path for fault in read_seeded_faults().returns.rows)
        assert seeded <= 2
        assert file.tables


def test_seeded_repetition_has_its_twin_and_seeded_correction_its_opposite(cells: list[Row]) -> None:
    twins = find_cells(cells, "II.4-1", agency="H58.31", period="2024-Q3")
    assert len(twins) == 2
    opposites = find_cells(cells, "II.2-4", agency="H58.33", period="2024-Q3")
    assert [row["Tử số"] for row in opposites] == [1, 0]
    assert opposites[1]["arrived_on"] == date(2024, 11, 25)
