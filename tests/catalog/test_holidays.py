"""The calendar of working days, and the file of holidays behind it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from cchc.calendar import WorkingDays
from cchc.catalog import CatalogError
from cchc.catalog.holidays import HOLIDAYS_FILE, read_working_days
from cchc.settings import INCLUDE

CATALOG = INCLUDE / "catalog"
# The law, or an announcement by its number and date.
SOURCE = re.compile(r"Bộ luật Lao động 2019, Điều 112 .+|(Thông báo|Công văn) số \d+/[A-ZĐ-]+ ngày \d\d?/\d\d?/20\d\d")

SMALL = """\
years: [2024]
breaks:
  - name_vi: Ngày Chiến thắng
    first: 2024-04-27
    last: 2024-05-01
    made_up_on: [2024-05-04]
    source_vi: Công văn số 2450/VPCP-KGVX ngày 12/4/2024
  - name_vi: Quốc khánh
    first: 2024-09-02
    last: 2024-09-03
    source_vi: Bộ luật Lao động 2019
"""

Read = Callable[[str], WorkingDays]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads a calendar from the text of its file."""

    def read_text(text: str) -> WorkingDays:
        (tmp_path / HOLIDAYS_FILE).write_text(text, encoding="utf-8")
        return read_working_days(tmp_path)

    return read_text


@pytest.fixture(scope="module")
def calendar() -> WorkingDays:
    return read_working_days(CATALOG)


@pytest.mark.parametrize(
    ("day", "is_working"),
    [
        ("2024-04-26", True),
        ("2024-04-29", False),  # a Monday swapped …
        ("2024-05-04", True),  # … against this Saturday
        ("2024-05-05", False),
        ("2024-06-15", False),
        ("2024-06-17", True),
        ("2025-04-26", True),
        ("2025-05-02", False),
        ("2026-04-27", False),  # 10 March of the lunar year was a Sunday
        ("2026-08-22", True),
        ("2026-08-31", False),
    ],
)
def test_weekends_and_holidays_are_off_and_days_made_up_for_are_worked(
    calendar: WorkingDays, day: str, is_working: bool
) -> None:
    assert calendar.is_working(date.fromisoformat(day)) == is_working


@pytest.mark.parametrize(
    ("day", "count", "later"),
    [
        ("2024-06-10", 5, "2024-06-17"),
        ("2024-06-14", 1, "2024-06-17"),
        ("2024-06-15", 1, "2024-06-17"),
        ("2024-02-07", 5, "2024-02-21"),  # Tết in between
        ("2024-04-26", 5, "2024-05-07"),  # 2, 3, 4 (a Saturday made up for), 6 and 7 May
        ("2024-06-15", 0, "2024-06-15"),
    ],
)
def test_working_days_are_counted_from_the_day_after(calendar: WorkingDays, day: str, count: int, later: str) -> None:
    assert calendar.add(date.fromisoformat(day), count) == date.fromisoformat(later)


@pytest.mark.parametrize(
    ("day", "found"), [("2024-06-14", "2024-06-14"), ("2024-06-15", "2024-06-17"), ("2025-01-25", "2025-02-03")]
)
def test_next_working_day_is_the_day_itself_if_it_is_one(calendar: WorkingDays, day: str, found: str) -> None:
    assert calendar.next(date.fromisoformat(day)) == date.fromisoformat(found)


def test_year_that_the_file_does_not_cover_has_only_weekends_off(calendar: WorkingDays) -> None:
    assert [calendar.covers(year) for year in (2023, 2024, 2025, 2026, 2027)] == [False, True, True, True, False]
    assert calendar.is_working(date(2023, 9, 1))
    assert not calendar.is_working(date(2023, 9, 2))


def test_every_break_is_named_with_its_source() -> None:
    breaks = yaml.safe_load((CATALOG / HOLIDAYS_FILE).read_text(encoding="utf-8"))["breaks"]
    assert all(item["name_vi"] for item in breaks)
    assert [item["source_vi"] for item in breaks if not SOURCE.fullmatch(item["source_vi"])] == []


def test_each_year_has_the_eleven_days_of_the_law(calendar: WorkingDays) -> None:
    """Those that fall on weekends are made up for, and what is swapped is worked: 11 Mondays to Fridays less a year."""
    for year in calendar.years:
        days = [date(year, 1, 1) + timedelta(days=offset) for offset in range(365 + (year % 4 == 0))]
        weekdays = [day for day in days if day.weekday() < 5]
        assert len(weekdays) - sum(map(calendar.is_working, days)) == 11, year


def test_small_file_is_read(read: Read) -> None:
    calendar = read(SMALL)
    assert calendar.years == {2024}
    assert calendar.days_off == {
        *(date(2024, 4, 27) + timedelta(days=offset) for offset in range(5)),
        date(2024, 9, 2),
        date(2024, 9, 3),
    }
    assert calendar.made_up == {date(2024, 5, 4)}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("last: 2024-05-01", "last: 2024-04-01", 'break 2024-04-27, field last: "2024-04-01" is before the first day'),
        ("last: 2024-05-01", "last: 2042-05-01", "break 2024-04-27, field last: .*more than a month after it"),
        ("last: 2024-05-01", "last: 2024-04-31", 'break 2024-04-27, field last: "2024-04-31" is not a day'),
        ("[2024-05-04]", "[2024-05-03]", r'field made_up_on\[0\]: "2024-05-03" is no Saturday or Sunday'),
        ("[2024-05-04]", "[2024-04-28]", "field made_up_on: 2024-04-28 is off in the break 2024-04-27"),
        ("[2024-05-04]", "2024-05-04", 'field made_up_on: "2024-05-04" is not a list'),
        ("first: 2024-09-02", "first: 2024-09-04", "break 2024-09-04, field last"),
        ("first: 2024-09-02", "begins: 2024-09-02", "break 2, field first: is missing"),
        ("2024-09-02\n    last: 2024-09-03", "2024-05-01\n    last: 2024-05-01",
         "break 2024-05-01, field first: 2024-05-01 is a day of the break 2024-04-27 too"),
        ("2024-09-0", "2023-09-0", "break 2023-09-02, field first: 2023 is not one of years"),
        ("[2024]", "[2024, 2025]", "field years: 2025 has no break"),
        ("name_vi: Quốc khánh", "name_vi:", 'break 2024-09-02, field name_vi: "None" is not text'),
        ("    source_vi: Bộ luật Lao động 2019\n", "", "break 2024-09-02, field source_vi: is missing"),
        ("breaks:", "holidays:", "field breaks: is missing"),
        ("years: [2024]\n", "", "field years: is missing"),
    ],
)  # fmt: skip
def test_mistake_names_file_break_and_field(read: Read, old: str, new: str, message: str) -> None:
    assert old in SMALL
    with pytest.raises(CatalogError, match=message) as failure:
        read(SMALL.replace(old, new))
    assert str(failure.value).startswith(HOLIDAYS_FILE)


def test_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=f"{HOLIDAYS_FILE}: there is no such file"):
        read_working_days(tmp_path)
