"""The real tasks: the 53 of the annex against the facts, who answers for them, the rows for the warehouse."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from cchc.catalog import Agency, Catalog, Task, task_agency_rows, task_rows
from tests.catalog.facts import needs_facts, read_facts

# The map of Tiền Giang changes on the second of each pair.
DAYS = [
    *(date(2023, 12, 31), date(2024, 1, 1)),
    *(date(2024, 4, 30), date(2024, 5, 1)),
    *(date(2024, 10, 31), date(2024, 11, 1)),
    *(date(2025, 6, 30), date(2025, 7, 1)),
]


def find_task(catalog: Catalog, code: str) -> Task:
    """One task of the annex."""
    return next(found for found in catalog.annexes[0].tasks if found.code == code)


@needs_facts
def test_the_53_tasks_agree_with_the_facts(catalog: Catalog) -> None:
    [annex] = catalog.annexes
    tasks = [
        {
            "task_code": task.code,
            "group_name_vi": task.group_vi,
            "content_vi": task.content_vi,
            "lead_agency_vi": task.lead_agency_vi,
            "coordinating_agency_vi": task.coordinating_agency_vi or "",
            "approving_level_vi": task.approving_level_vi or "",
            "deadline_text_vi": task.deadline_vi,
            "deadline_kind": task.deadline_kind,
            "deadline_start": str(task.starts_on or ""),
            "deadline_end": str(task.due_on or ""),
            "related_indicator_ids": "; ".join(task.indicators),
        }
        for task in annex.tasks
    ]
    facts = read_facts("tasks.csv")
    assert len(tasks) == 53
    assert tasks == [{column: fact[column] for column in tasks[0]} for fact in facts]


def test_eleven_tasks_have_an_end(catalog: Catalog) -> None:
    ends = {row["task_code"]: row["due_on"] for row in task_rows(catalog) if row["due_on"]}
    assert ends == {
        "PL.I.1": date(2024, 2, 29),
        "PL.I.2": date(2024, 2, 29),
        "PL.I.5": date(2024, 12, 31),
        "PL.I.6": date(2024, 6, 30),
        "PL.I.7": date(2024, 9, 30),
        "PL.I.9": date(2024, 12, 31),
        "PL.I.11": date(2024, 9, 30),
        "PL.I.12": date(2024, 6, 30),
        "PL.I.14": date(2024, 9, 30),
        "PL.III.1": date(2024, 3, 31),
        "PL.V.4": date(2024, 3, 31),
    }


# The lead agency's words, and how many agencies they are on 1 January 2024.
ANSWERERS = [
    ("PL.I.1", "Sở Nội vụ", {"H58.02"}, 1),
    ("PL.VI.7", "Kho bạc Nhà nước Tiền Giang, các chủ đầu tư", {"H58"}, 1),
    ("PL.VI.6", "Sở Giáo dục và Đào tạo, Sở Y tế, Sở Văn hóa, Thể thao và Du lịch", {"H58.13", "H58.15", "H58.16"}, 3),
    ("PL.II.1", "Các sở, ban, ngành tỉnh", {"H58.01", "H58.19"}, 19),
    ("PL.IV.1", "Sở Nội vụ, UBND cấp huyện", {"H58.02", "H58.31"}, 12),
    ("PL.IV.2", "Sở Nội vụ, các sở và tương đương", {"H58.02"}, 18),
    ("PL.VI.4", "Cơ quan chuyên môn thuộc UBND cấp huyện", {"H58.31.P01"}, 132),
    ("PL.VII.8", "UBND cấp huyện;cấp xã", {"H58.31", "H58.31.01"}, 183),
    ("PL.III.7", "Cơ quan hành chính nhà nước các cấp", {"H58.01", "H58.31", "H58.31.01"}, 202),
    ("PL.IV.4", "Các cơ quan, đơn vị, địa phương", {"H58.01", "H58.31", "H58.31.01", "H58.16.S01"}, 214),
    ("PL.VI.5", "Đơn vị sự nghiệp công lập cấp tỉnh, cấp huyện", {"H58.16.S01"}, 12),
]


@pytest.mark.parametrize(("code", "words", "some", "count"), ANSWERERS)
def test_a_task_is_answered_for_by_the_agencies_that_its_words_name(
    catalog: Catalog, code: str, words: str, some: set[str], count: int
) -> None:
    found = find_task(catalog, code)
    answering = [agency.code for agency in catalog.answerers(found, date(2024, 1, 1))]
    assert found.lead_agency_vi == words
    assert some <= set(answering)
    assert answering == sorted(set(answering))
    assert len(answering) == count


def test_a_task_that_names_an_agency_alone_is_its_leads_alone(catalog: Catalog) -> None:
    names = {agency.code: agency.name_vi for agency in catalog.agencies}
    for found in catalog.annexes[0].tasks:
        if found.agencies.codes and not found.agencies.sets and found.code != "PL.VI.7":
            assert found.lead_agency_vi == ", ".join(names[code] for code in found.agencies.codes), found.code


def test_task_agency_rows_have_the_agencies_that_answer_on_any_day_once(catalog: Catalog) -> None:
    rows = list(task_agency_rows(catalog))
    tasks = catalog.annexes[0].tasks
    for day in DAYS:
        answering = Counter(
            (row["task_code"], row["agency_code"])
            for row in rows
            if row["valid_from"] <= day < (row["valid_to_exclusive"] or date.max)
        )
        expected = ((found.code, agency.code) for found in tasks for agency in catalog.answerers(found, day))
        assert answering == Counter(expected)
        is_province_there = date(2024, 1, 1) <= day < date(2025, 7, 1)
        assert {code for code, _ in answering} == ({found.code for found in tasks} if is_province_there else set())


def test_unregistered_agency_answers_for_tasks_of_sets_whose_list_is_not_complete(catalog: Catalog) -> None:
    unregistered = [
        Agency(
            code=code, name_vi="Đơn vị mới", level=level, parent_code=code.rpartition(".")[0],
            valid_from=date(2024, 6, 29), is_synthetic_code=False,
        )
        for code, level in (("H58.31.99", "commune"), ("H58.99", "department"), ("H44.99", "department"))
    ]  # fmt: skip
    codes = {agency.code for agency in unregistered}
    rows = [row for row in task_agency_rows(catalog, unregistered) if row["agency_code"] in codes]
    of_departments = {
        task.code
        for task in catalog.annexes[0].tasks
        if {"so_ban_nganh", "co_quan_don_vi_dia_phuong"} & {*task.agencies.sets}
    }
    of_communes = {task.code for task in catalog.annexes[0].tasks if "co_quan_don_vi_dia_phuong" in task.agencies.sets}
    assert of_departments
    assert {(row["task_code"], row["agency_code"]) for row in rows} == {
        *((code, "H58.99") for code in of_departments),
        *((code, "H58.31.99") for code in of_communes),
    }
    assert {row["valid_from"] for row in rows} == {date(2024, 6, 29)}
