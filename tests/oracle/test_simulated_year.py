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
from tests.oracle.attainment import Cell, Row, reckon, reckon_tasks
from tests.oracle.comparison import read_attainment, read_tasks, tell_differences
from tests.oracle.figure import Record, Source
from tests.oracle.office import Office
from tests.oracle.province import ROOT
from tests.oracle.returns import File, Returns
from tests.oracle.treasury import Treasury
from tests.runs.conftest import RECORDS_WELL, Installation, set_portal_clock

NIGHTS = [
    date(2024, 2, 29),
    date(2024, 4, 30),
    date(2024, 5, 1),
    date(2024, 6, 30),
    date(2024, 12, 31),
    date(2025, 1, 15),
    date(2025, 1, 31),
]
PLAN_NIGHTS = [night for night in NIGHTS if night.year == 2024]
REREAD, LONGEST_WINDOW = timedelta(days=45), timedelta(days=92)
UNITS = 4  # of each level in the e-office: enough for all that is planted in it
TREASURY_SHEET = "GiaiNgan"


@dataclass(frozen=True)
class Year:
    """An installation after its last night, and what its table said of each night's day right after that night."""

    installation: Installation
    told: dict[date, dict[Cell, Row]]


def tell_office(until: date) -> Iterator[list[Record]]:
    """What the e-office answers each night: from 1 January, later from 45 days before the last night, in windows."""
    first_day = date(2024, 1, 1)
    for night in NIGHTS:
        while night <= until and first_day <= night:
            last_day = min(night, first_day + LONGEST_WINDOW - timedelta(days=1))
            yield eoffice_records(first_day, last_day, night, seed=DEFAULT_SEED, units=UNITS)
            first_day = last_day + timedelta(days=1)
        first_day = night - REREAD


def tell_files(installation: Installation, until: date) -> list[File]:
    """The files of the inbox, each with the first night that finds it."""
    return [
        File(
            reported_on=min(night for night in NIGHTS if night >= file.arrived_on),
            content_sha256=sha256((installation.inbox / file.path).read_bytes()).hexdigest(),
            tables=file.tables,
            modified_at=datetime.fromtimestamp((installation.inbox / file.path).stat().st_mtime, UTC),
        )
        for file in list_files(until, DEFAULT_SEED)
    ]


def tell_treasury(files: list[File], until: date) -> Treasury:
    """Night by night: the closing of the day in every budget year that is open, then the exports in the inbox."""
    treasury = Treasury()
    for night in NIGHTS:
        if night > until:
            break
        for year in (night.year - 1, night.year) if night.month == 1 else (night.year,):
            treasury.tell(treasury_records(year, night, seed=DEFAULT_SEED))
        for file in sorted(files, key=lambda file: file.rank):
            if file.reported_on == night and TREASURY_SHEET in file.tables:
                treasury.tell(file.tables[TREASURY_SHEET], is_file=True)
    return treasury


def know(installation: Installation, night: date) -> dict[str, Source]:
    """All that the sources have told until the end of ``night``."""
    files = tell_files(installation, night)
    return {
        "eoffice": Office(tell_office(night)),
        "treasury": tell_treasury(files, night),
        "returns": Returns(files),
    }


@pytest.fixture(scope="module")
def year(make_installation: Callable[[], Installation]) -> Year:
    installation, told = make_installation(), {}
    with run_simulator(units=UNITS) as simulator:
        installation.connect_records(simulator)
        for night in NIGHTS:
            set_portal_clock(simulator, night)
            write_inbox(installation.inbox, night)
            assert installation.run_day(night) == RECORDS_WELL
            told[night] = read_attainment(installation, [night])
    return Year(installation, told)


@pytest.mark.parametrize("night", NIGHTS, ids=str)
def test_a_night_tells_what_was_known_then(year, night):
    reckoned = reckon(know(year.installation, night), [day for day in NIGHTS if day <= night])
    expected = {cell: row for cell, row in reckoned.items() if cell.as_of_date == night}
    differences = tell_differences(expected, year.told[night])
    assert not differences, f"\n{differences}"


def test_in_the_end_every_day_tells_what_is_known_by_now(year):
    expected = reckon(know(year.installation, NIGHTS[-1]), NIGHTS)
    differences = tell_differences(expected, read_attainment(year.installation, NIGHTS))
    assert not differences, f"\n{differences}"


@pytest.mark.parametrize("night", NIGHTS, ids=str)
def test_the_province_has_its_47_primary_rows(year, night):
    """Whatever sources there are: neither the portal nor the one-stop system is connected here."""
    primary = [cell for cell in year.told[night] if (cell.variant, cell.agency) == ("primary", ROOT)]
    assert len(primary) == len({cell.indicator for cell in primary}) == 47


def test_every_task_of_the_year_stands_as_reported(year):
    expected = reckon_tasks(Returns(tell_files(year.installation, NIGHTS[-1])), PLAN_NIGHTS)
    differences = tell_differences(expected, read_tasks(year.installation, PLAN_NIGHTS))
    assert not differences, f"\n{differences}"
