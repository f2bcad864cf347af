"""A mistake in a file of tasks is reported with file, task and field; a plan may be without tasks."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cchc.catalog import CatalogError, load_catalog, task_agency_rows
from cchc.catalog.loading import find_tasks_without_plan
from tests.catalog.small_catalog import PLAN, TASKS, Load, edited

DEADLINE = "deadline_kind: quarter\n        starts_on: 2024-01-01\n        due_on: 2024-03-31"
TASK_MISTAKES = [
    ("deadline_kind: quarter", "deadline_kind: soon", 'deadline_kind: "soon" is not one of fixed_window, quarter, '),
    ("        due_on: 2024-03-31\n", "", "due_on: is missing, add it: deadline_kind quarter has starts_on and due_on"),
    ("deadline_kind: quarter", "deadline_kind: from_date_open",
     "due_on: is there, take it out: deadline_kind from_date_open has starts_on"),
    (DEADLINE, "deadline_kind: ongoing\n        starts_on: 2024-01-01",
     "starts_on: is there, take it out: deadline_kind ongoing has no days"),
    ("due_on: 2024-03-31", "due_on: 2025-03-31", "due_on: 2025-03-31 is outside the plan, 2024-01-01 to 2024-12-31"),
    ("starts_on: 2024-01-01", "starts_on: 2024-04-01", "due_on: 2024-03-31 is before starts_on 2024-04-01"),
    ("due_on: 2024-03-31", "due_on: 31/3/2024", 'due_on: "31/3/2024" is not a day, write it as 2024-12-31'),
    ("[II.1.b-1]", "[II.1.b-2]", 'indicators: "II.1.b-2" is no indicator of the plan of 2024, add or correct it'),
    ("[H58.02]", "[H58.99]", 'agencies.codes: "H58.99" is not in agencies.csv, add or correct it'),
    ("sets: [huyen]", "sets: [quan]", 'agencies.sets: "quan" is not in agency_sets.yaml, add or correct it'),
    ("{codes: [H58.02], sets: [huyen]}", "{}", "agencies: names nobody, add codes or sets"),
    ("{codes: [H58.02], sets: [huyen]}", "H58.02", 'agencies: "H58.02" is no group of fields'),
    ("        agencies: {codes: [H58.02], sets: [huyen]}\n", "", "agencies: is missing, add it"),
    ("        lead_agency_vi: Sở Nội vụ, UBND cấp huyện\n", "", "lead_agency_vi: is missing, add it"),
    ("        deadline_vi", "        deadline_vn: x\n        deadline_vi", "deadline_vn: is not a field of this entry"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), TASK_MISTAKES)
def test_a_mistake_in_a_task_names_entry_and_field(load: Load, old: str, new: str, message: str) -> None:
    with pytest.raises(CatalogError) as failure:
        load(edited("tasks_2024.yaml", old, new))
    [line] = str(failure.value).splitlines()
    assert line.startswith(f"tasks_2024.yaml, entry PL.I.1, field {message}")


TASK_FILE_MISTAKES = [
    (TASKS.replace("year: 2024\n", "year: 2025\n"),
     "tasks_2024.yaml, header, field year: there is no plan of 2025 that these tasks belong to"),
    (TASKS.replace("due_soon_days: 14", "due_soon_days: hai tuần"),
     'tasks_2024.yaml, header, field due_soon_days: "hai tuần" is not a whole number'),
    (TASKS.replace("    tasks:", "    items:"),
     "tasks_2024.yaml, group CHỈ ĐẠO, ĐIỀU HÀNH, field tasks: is no list of entries, add them"),
    (TASKS + TASKS[TASKS.index("      - code:") :],
     "tasks_2024.yaml, entry PL.I.1, field code: is there 2 times, a code names one entry"),
    (TASKS.replace("due_soon_days", "due_days"), "tasks_2024.yaml, header, field due_soon_days: is missing, add it"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), TASK_FILE_MISTAKES)
def test_a_mistake_outside_the_tasks_names_its_place(load: Load, text: str, message: str) -> None:
    with pytest.raises(CatalogError) as failure:
        load({"tasks_2024.yaml": text})
    assert message in str(failure.value).splitlines()


def test_two_files_of_tasks_of_one_year_are_a_mistake(load: Load) -> None:
    with pytest.raises(CatalogError, match=r"tasks_b.yaml, header, field year: 2024 is planned in tasks_2024.yaml too"):
        load({"tasks_b.yaml": TASKS})


def test_tasks_of_other_provinces_are_skipped(load: Load) -> None:
    others = TASKS.replace("province: H58", "province: H44").replace("PL.I.1", "nhiệm vụ")
    plan = PLAN.replace("province: H58", "province: H44")
    files = {"tasks_2024_h44.yaml": others, "plan_2024_h44.yaml": plan}
    assert [annex.province for annex in load(files).annexes] == ["H58"]


def test_tasks_of_a_province_without_a_plan_are_found_and_stop_nothing(load: Load, tmp_path: Path) -> None:
    assert load(edited("tasks_2024.yaml", "province: H58", "province: H85")).annexes == ()
    (mistake,) = find_tasks_without_plan(tmp_path)
    assert str(mistake) == (
        'tasks_2024.yaml, header, field province: "H85" has no plan in this folder that these tasks belong to, correct '
        "it or add the plan"
    )


def test_a_plan_may_be_without_tasks(load: Load, tmp_path: Path) -> None:
    load()
    (tmp_path / "tasks_2024.yaml").unlink()
    assert load_catalog(tmp_path, "H58").annexes == ()


def test_an_unknown_set_in_an_invalid_file_is_not_reported_for_tasks_too(load: Load) -> None:
    with pytest.raises(CatalogError) as failure:
        load(edited("agency_sets.yaml", "code: huyen", "code: Huyện"))
    assert {mistake.file for mistake in failure.value.mistakes} == {"agency_sets.yaml"}


def test_a_task_is_answered_for_by_its_agencies_and_the_members_of_its_sets(load: Load) -> None:
    rows = list(task_agency_rows(load()))
    assert [(row["agency_code"], row["valid_from"], row["valid_to_exclusive"]) for row in rows] == [
        ("H58.02", date(2024, 1, 1), date(2025, 7, 1)),
        ("H58.32", date(2024, 1, 1), date(2024, 5, 1)),
        ("H58.32", date(2024, 5, 1), date(2025, 7, 1)),
    ]


def test_an_agency_named_twice_answers_once(load: Load) -> None:
    twice = edited("tasks_2024.yaml", "codes: [H58.02]", "codes: [H58.02, H58.32]")
    assert list(task_agency_rows(load(twice))) == list(task_agency_rows(load()))
