"""The oracle's own reading of numbers, periods, sets and the plan: a judge has to be right by itself."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from tests.oracle.figure import read_number
from tests.oracle.plan import read_readings, read_tasks
from tests.oracle.province import members
from tests.oracle.returns import end_freshness, end_period


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("9,5", Fraction(19, 2)),
        ("1.234", 1234),
        ("-1.234.567,25", Fraction("-1234567.25")),
        (0.1, Fraction(1, 10)),
        (0, 0),
        ("12.34", None),
        ("đang rà soát", None),
        ("", None),
        (None, None),
        (True, None),
    ],
)
def test_a_text_is_a_vietnamese_number(cell, number):
    assert read_number(cell) == number


@pytest.mark.parametrize(
    ("period", "end", "fresh_until"),
    [
        ("2024-Q1", date(2024, 3, 31), date(2024, 7, 20)),
        ("2024-Q4", date(2024, 12, 31), date(2025, 4, 20)),
        ("2024-02", date(2024, 2, 29), date(2024, 4, 20)),
        ("2024-12", date(2024, 12, 31), date(2025, 2, 20)),
        ("2024", date(2024, 12, 31), date(2026, 1, 20)),
    ],
)
def test_a_period_ends_and_serves_until_twenty_days_after_the_next(period, end, fresh_until):
    assert (end_period(period), end_freshness(period)) == (end, fresh_until)


@pytest.mark.parametrize(
    ("name", "day", "count"),
    [
        ("xa", date(2024, 4, 30), 172),
        ("xa", date(2024, 5, 1), 170),
        ("xa", date(2024, 11, 1), 164),
        ("huyen", date(2024, 12, 31), 11),
        ("huyen", date(2025, 7, 1), 0),
        ("co_quan_chuyen_mon", date(2024, 12, 31), 18),
        ("phong_tu_phap", date(2024, 12, 31), 11),
        ("co_quan_hanh_chinh", date(2024, 1, 1), 202),
    ],
)
def test_a_set_has_the_members_of_its_day(name, day, count):
    assert len(members(name, day)) == count


def test_the_plan_has_its_entries_and_the_annex_its_tasks():
    readings = [reading for reading in read_readings() if reading.variant == "primary"]
    tasks, _ = read_tasks()
    assert len(readings) == 47
    assert [len([r for r in readings if r.source == name]) for name in ("returns", "eoffice", "treasury")] == [27, 3, 2]
    assert len(tasks) == 53
    assert len([task for task in tasks.values() if task.due_on]) == 11
