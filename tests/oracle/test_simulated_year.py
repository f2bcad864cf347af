"""The results of the simulated year against the oracle of tests/indicators, fed with the simulator's raw records.

No code of the pipeline takes part: the readers of this folder parse the records and the catalog's data files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest

from simulator.eoffice import eoffice_records
from simulator.inbox import list_files, write_inbox
from simulator.server import DEFAULT_SEED, run_simulator
from simulator.treasury import treasury_records
from tests.oracle.attainment import ResultKey, Row, compute_results, compute_tasks
from tests.oracle.comparison import format_differences, read_attainment, read_tasks
from tests.oracle.eoffice import EOffice
from tests.oracle.province import ROOT
from tests.oracle.returns import File, Returns
from tests.oracle.source import Record, Source
from tests.oracle.treasury import Treasury
from tests.runs.conftest import RECORDS_WELL, Installation, set_portal_clock

DAYS = [
    date(2024, 2, 29),
    date(2024, 4, 30),
    date(2024, 5, 1),
    date(2024, 6, 30),
    date(2024, 12, 31),
    date(2025, 1, 15),
    date(2025, 1, 31),
]
PLAN_DAYS = [day for day in DAYS if day.year == 2024]
REREAD, MAX_WINDOW = timedelta(days=45), timedelta(days=92)
UNITS = 4  # of each level in the e-office: enough for every seeded fault
TREASURY_SHEET = "GiaiNgan"


@dataclass(frozen=True)
class Year:
    """An installation after its last run, and the results of each day as they were right after its own run."""

    installation: Installation
    first_results: dict[date, dict[ResultKey, Row]]


def list_eoffice_answers(until: date) -> Iterator[list[Record]]:
    """The answers of the e-office by run and window: from 1 January, later from 45 days before the run before."""
    first_day = date(2024, 1, 1)
    for day in DAYS:
        while day <= until and first_day <= day:
            last_day = min(day, first_day + MAX_WINDOW - timedelta(days=1))
            yield eoffice_records(first_day, last_day, day, seed=DEFAULT_SEED, units=UNITS)
            first_day = last_day + timedelta(days=1)
        first_day = day - REREAD


def list_inbox_files(installation: Installation, until: date) -> list[File]:
    """The files of the inbox, each with the data date of the first run that finds it."""
    return [
        File(
            reported_on=min(day for day in DAYS if day >= file.arrived_on),
            content_sha256=sha256((installation.inbox / file.path).read_bytes()).hexdigest(),
            tables=file.tables,
            modified_at=datetime.fromtimestamp((installation.inbox / file.path).stat().st_mtime, UTC),
        )
        for file in list_files(until, DEFAULT_SEED)
    ]


def build_treasury(files: list[File], until: date) -> Treasury:
    """The treasury after the runs until ``until``.

    Each run reads the day's closing of every open budget year, then the exports in the inbox.
    """
    treasury = Treasury()
    for day in DAYS:
        if day > until:
            break
        for year in (day.year - 1, day.year) if day.month == 1 else (day.year,):
            treasury.accept(treasury_records(year, day, seed=DEFAULT_SEED))
        for file in sorted(files, key=lambda file: file.rank):
            if file.reported_on == day and TREASURY_SHEET in file.tables:
                treasury.accept(file.tables[TREASURY_SHEET], is_file=True)
    return treasury


def read_sources(installation: Installation, until: date) -> dict[str, Source]:
    """All that the sources have reported in the runs until ``until``."""
    files = list_inbox_files(installation, until)
    return {
        "eoffice": EOffice(list_eoffice_answers(until)),
        "treasury": build_treasury(files, until),
        "returns": Returns(files),
    }


@pytest.fixture(scope="module")
def year(make_installation: Callable[[], Installation]) -> Year:
    installation, first_results = make_installation(), {}
    with run_simulator(units=UNITS) as simulator:
        installation.connect_records(simulator)
        for day in DAYS:
            set_portal_clock(simulator, day)
            write_inbox(installation.inbox, day)
            assert installation.run_day(day) == RECORDS_WELL
            first_results[day] = read_attainment(installation, [day])
    return Year(installation, first_results)


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_results_of_a_run_use_all_that_was_reported_by_then(year, day):
    rows = compute_results(read_sources(year.installation, day), [earlier for earlier in DAYS if earlier <= day])
    expected = {key: row for key, row in rows.items() if key.as_of_date == day}
    differences = format_differences(expected, year.first_results[day])
    assert not differences, f"\n{differences}"


def test_results_of_all_days_use_all_that_is_reported_after_the_last_run(year):
    expected = compute_results(read_sources(year.installation, DAYS[-1]), DAYS)
    differences = format_differences(expected, read_attainment(year.installation, DAYS))
    assert not differences, f"\n{differences}"


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_province_has_47_primary_results_without_portal_and_one_stop_system(year, day):
    primary = [key for key in year.first_results[day] if (key.variant, key.agency) == ("primary", ROOT)]
    assert len(primary) == len({key.indicator for key in primary}) == 47


def test_status_of_each_task_is_the_reported_one(year):
    expected = compute_tasks(Returns(list_inbox_files(year.installation, DAYS[-1])), PLAN_DAYS)
    differences = format_differences(expected, read_tasks(year.installation, PLAN_DAYS))
    assert not differences, f"\n{differences}"
