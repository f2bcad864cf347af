"""``make nightly`` and ``make run``: runs by hand, and the demonstration on the simulated province."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg

from cchc.calendar import LOCAL
from cchc.local import LocalError
from cchc.local.airflow_home import end_abandoned_runs, make_folders
from cchc.local.data_date import read_data_date
from cchc.local.demonstration import begin_demonstration, claim_home, find_inbox, keep_clock, open_sources, set_clock
from cchc.local.embedded import Database
from cchc.local.environment import is_service
from cchc.local.run_lock import hold_runs
from cchc.local.services import find_address
from cchc.local.warehouse import open_installation
from cchc.messages import OneLine, read_messages
from cchc.presentation.attainment_table import format_alerts, format_changes, format_table
from cchc.settings import read_settings

SIMULATED_DAYS = (date(2024, 12, 29), date(2024, 12, 30), date(2024, 12, 31))


def run_nightly(home: Path, day: str, sources: str) -> int:
    """Run the nightly DAGs for ``day`` (YYYY-MM-DD) against the configured connections.

    ``sources``: names of sources between spaces; empty = all.
    """
    asked = read_data_date(day, "make nightly DATE=2024-06-30")
    _decline_in_service()
    with hold_runs(home, f"nightly {asked}"), _open_for_runs(home), open_sources(home):
        states = _run_day(asked, sources.split())
        is_well = states["attainment"] == "success"
        if is_well:
            keep_clock(home)
    return 0 if is_well else 1


def run_demonstration(home: Path) -> int:
    """Run the simulator's last three data dates and print the province's attainment."""
    _decline_in_service()
    with hold_runs(home, "run"):
        claim_home(home)
        return _run_simulated_days(home)


def _run_simulated_days(home: Path) -> int:
    started = time.monotonic()
    with _open_for_runs(home) as database, begin_demonstration(home, _choose_hour(SIMULATED_DAYS[0])) as simulator:
        for day in SIMULATED_DAYS:
            simulator.set_clock(_choose_hour(day))
            set_clock(home, _choose_hour(day) + timedelta(hours=1))
            if _run_day(day)["attainment"] != "success":
                return 1
        with psycopg.connect(
            database.url("cchc_owner")
        ) as connection:  # its sessions are free also while analysts use all of theirs
            province = read_settings().province
            sys.stdout.write(format_table(connection, province, SIMULATED_DAYS[-1]))
            sys.stdout.write(format_changes(connection, province, SIMULATED_DAYS[0], SIMULATED_DAYS[-1]))
            sys.stdout.write(format_alerts(connection, province))
    finished = read_messages("demonstration").format(
        "finished",
        seconds=f"{time.monotonic() - started:.0f}",
        day=SIMULATED_DAYS[-2],
        page=OneLine(read_settings().pages / str(SIMULATED_DAYS[-1])),
        inbox=OneLine(find_inbox(home)),
    )
    sys.stdout.write(f"{finished}\n")
    return 0


def _choose_hour(day: date) -> datetime:
    """The time at which a run asks its sources for ``day``."""
    return datetime(day.year, day.month, day.day, 4, 30, tzinfo=LOCAL) + timedelta(days=1)


def _decline_in_service() -> None:
    if is_service():
        raise LocalError("this is a service of a running Airflow: trigger the day there (docs/operate.md)")


@contextmanager
def _open_for_runs(home: Path) -> Iterator[Database]:
    """``open_installation`` for the process that holds the lock of the runs.

    Raises LocalError where Airflow is up: its scheduler would run the tasks too.
    """
    address = find_address(home)
    if address:
        raise LocalError(f"Airflow is up at {address}: trigger the day there (docs/operate.md), or make down first")
    with open_installation(home) as database:
        make_folders(home)
        end_abandoned_runs(database)
        yield database


def _run_day(day: date, sources: Collection[str] = ()) -> dict[str, str]:
    # Set before Airflow is imported: at the keyboard its own lines hide ours. The import takes seconds, so only the
    # commands that need Airflow import it.
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING")
    from cchc.tasks.nightly import DagRunError, list_troubles, run_dags

    began = datetime.now(LOCAL)
    try:
        states = run_dags(day, sources)
    except DagRunError as error:
        raise LocalError(str(error)) from error
    failed = [dag_id for dag_id, state in states.items() if state != "success"]
    if failed:
        troubles = "".join(f"  - {trouble}\n" for trouble in list_troubles(began))
        sys.stderr.write(f"\nRun of {day}: {', '.join(failed)} failed (docs/runbook.md)\n{troubles}")
    return states
