"""Windows and files: their plans for a data date, and their names in the archive and in messages."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cchc.calendar import DateRange
from cchc.sources.window import FileScope, LoadScope, Window, plan_budget_years, plan_days, read_scope

DAY = date(2024, 6, 30)
ALL_2024 = st.dates(date(2024, 1, 1), date(2024, 12, 31))


def plan(day: date, *complete: tuple[date, date]) -> list[tuple[date, date]]:
    known = [DateRange.inclusive(*days) for days in complete]
    return [(window.start, window.end) for window in plan_days("van-ban", day, known, 45, 92)]


def test_first_plan_begins_on_new_year() -> None:
    assert plan(DAY) == [(date(2024, 1, 1), date(2024, 4, 1)), (date(2024, 4, 2), DAY)]


def test_next_plan_reads_on_and_the_last_45_days_once_more() -> None:
    assert plan(DAY, (date(2024, 1, 1), date(2024, 6, 29))) == [(date(2024, 5, 16), DAY)]


def test_missed_days_are_in_the_next_plan() -> None:
    assert plan(DAY, (date(2024, 1, 1), date(2024, 6, 9))) == [(date(2024, 4, 26), DAY)]


def test_gap_is_read_from_the_last_complete_window_before_it() -> None:
    complete = [(date(2024, 1, 1), date(2024, 1, 31)), (date(2024, 3, 1), date(2024, 6, 29))]
    assert plan(DAY, *complete)[0][0] == date(2024, 1, 1)
    assert plan(DAY, *complete)[-1][1] == DAY


def test_corrections_of_december_are_read_in_january_when_december_was() -> None:
    day = date(2025, 1, 10)
    assert plan(day, (date(2024, 1, 1), date(2025, 1, 9))) == [(date(2024, 11, 26), day)]
    assert plan(day) == [(date(2025, 1, 1), day)]


def test_gap_over_new_year_is_a_gap_like_others() -> None:
    assert plan(date(2025, 1, 2), (date(2024, 1, 1), date(2024, 12, 30)))[0][0] == date(2024, 11, 16)


def test_windows_of_later_days_are_no_history() -> None:
    assert plan(DAY, (date(2024, 1, 1), date(2024, 12, 31)))[0] == (date(2024, 5, 16), DAY)


@given(ALL_2024, st.lists(st.tuples(ALL_2024, st.integers(0, 200)), max_size=6))
def test_planned_and_complete_days_leave_no_day_of_the_year_out(day: date, earlier: list[tuple[date, int]]) -> None:
    complete = [(start, start + timedelta(days=length)) for start, length in earlier]
    days = {start + timedelta(days=n) for start, end in complete for n in range((end - start).days + 1)}
    planned = plan(day, *complete)
    for start, end in planned:
        assert (end - start).days < 92
        days |= {start + timedelta(days=n) for n in range((end - start).days + 1)}
    assert {date(2024, 1, 1) + timedelta(days=n) for n in range((day - date(2024, 1, 1)).days + 1)} <= days
    assert planned[-1][1] == day


@pytest.mark.parametrize(
    ("day", "years"),
    [
        (date(2024, 12, 31), [2024]),
        (date(2025, 1, 1), [2024, 2025]),
        (date(2025, 1, 31), [2024, 2025]),
        (date(2025, 2, 1), [2025]),
    ],
)
def test_budget_year_stays_open_until_the_end_of_january(day: date, years: list[int]) -> None:
    windows = plan_budget_years("giai-ngan", day)
    assert [(window.start, window.end) for window in windows] == [(date(year, 1, 1), day) for year in years]
    assert [window.name for window in windows] == [f"giai-ngan.{year}" for year in years]


DAYS = Window("van-ban", "days", date(2024, 1, 1), date(2024, 3, 31))
FILE = FileScope("return", "0" * 64, DAY, "file:///srv/inbox/so-noi-vu/bc.xlsx")


@pytest.mark.parametrize("scope", [DAYS, Window("transparency", "month", date(2024, 5, 1), date(2024, 5, 31)), FILE])
def test_scope_comes_back_from_its_message(scope: LoadScope) -> None:
    assert read_scope(scope.to_reference()) == scope
    assert scope.to_reference()["name"] == scope.name


def test_window_of_days_and_file_are_known_by_their_folder() -> None:
    assert Window.from_name(DAYS.name) == DAYS
    assert FileScope.from_name(FILE.name, DAY) == FileScope("return", "0" * 64, DAY)
    assert (Window.from_name(FILE.name), FileScope.from_name(DAYS.name, DAY)) == (None, None)


def test_years_and_months_are_planned_and_never_taken_from_a_folder() -> None:
    assert Window.from_name("dossier-digitized.2024") is None
    assert Window.from_name("dossier-digitized.2024-05") is None


def test_file_is_archived_under_the_day_that_first_saw_it_and_a_window_under_the_run() -> None:
    later = DAY + timedelta(days=3)
    assert (FILE.archive_day(later), DAYS.archive_day(later)) == (DAY, later)
    assert (FILE.start, FILE.end, FILE.label) == (DAY, DAY, "bc.xlsx")
