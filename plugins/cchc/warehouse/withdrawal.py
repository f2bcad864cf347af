"""Withdrawal of a computed day from the warehouse: its results, its runs, and the loads that only they have brought.

Alerts of the day are alerts.detection.withdrawal's, loads that lost their rows with it local.reload's.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg

from cchc.sources.load import Load
from cchc.sources.raw_archive import ArchiveError, read_capture
from cchc.sources.window import FileScope, LoadScope, Window
from cchc.warehouse.connection import run_file
from cchc.warehouse.ledger import archive_folder

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Withdrawal:
    """The day to withdraw of a province.

    ``newest``: the newest day that is over; the only later day with data is the next, whose run is to come.
    ``first``: the first day of the earliest plan, None where it isn't known.
    """

    province: str
    day: date
    newest: date
    first: date | None = None

    @property
    def is_proper(self) -> bool:
        """Whether a run may be for the day: then only computed rows are removed, and loaded ones stay.

        A plan that begins after ``newest`` has a mistyped date, and makes no day improper.
        """
        is_planned = self.first is None or self.first > self.newest or self.day >= self.first
        return self.day <= self.newest and is_planned

    @property
    def next_day(self) -> date:
        """The day of the next run to come."""
        return self.newest + timedelta(days=1)

    def parameters(self) -> dict[str, Any]:
        """Parameters of include/sql/withdraw/."""
        return {"province": self.province, "day": self.day, "is_proper": self.is_proper, "next": self.next_day}


@dataclass(frozen=True)
class RemovedRows:
    """Counts of removed rows: results, statuses of tasks, runs, loads, and their rows in core and the measures."""

    results: int
    statuses: int
    runs: int
    loads: int
    rows: int


def has_traces(connection: psycopg.Connection, withdrawal: Withdrawal) -> bool:
    """Whether a run for the day has left an ingest run, an attainment run or a result."""
    row = run_file(connection, "withdraw/traces.sql", withdrawal.parameters()).fetchone()
    return bool(row and row[0])


def list_withdrawn_folders(connection: psycopg.Connection, withdrawal: Withdrawal) -> list[Path]:
    """The folders of the archive whose loads ``remove_day`` will remove."""
    with connection.transaction():
        rows = run_file(connection, "withdraw/loads.sql", withdrawal.parameters()).fetchall()
    return [archive_folder(uri) for (uri,) in rows]


def remove_day(connection: psycopg.Connection, withdrawal: Withdrawal) -> RemovedRows:
    """Remove the day, in the current transaction.

    Loads that lose rows with it get the status failed and keep their archive_uri: ``list_lost_loads`` lists them.
    """
    reason = f"lost its rows when {withdrawal.day} was withdrawn; make withdraw DATE={withdrawal.day} loads it again"
    parameters = withdrawal.parameters() | {"reason": reason}
    run_file(connection, "withdraw/loads.sql", parameters)
    loads = run_file(connection, "withdraw/rows.sql", parameters).fetchone() or (0, 0)
    computed = run_file(connection, "withdraw/results.sql", parameters).fetchone() or (0, 0, 0)
    run_file(connection, "withdraw/watermark.sql", parameters)
    return RemovedRows(*computed, *loads)


def list_lost_loads(connection: psycopg.Connection) -> list[Load]:
    """The loads that lost their rows with a withdrawn day, by source and in the order in which they came.

    A load whose archived bytes are gone is left out, with a warning.
    """
    rows = run_file(connection, "withdraw/lost_loads.sql").fetchall()
    loads = []
    for source, entity, start, end, filed_on, uri in rows:
        try:
            capture = read_capture(archive_folder(uri))
        except ArchiveError as error:
            log.warning("%s", error)
            continue
        name = capture.folder.parent.name
        scope: LoadScope | None = FileScope.from_name(name, filed_on) or Window.from_name(name)
        loads.append(Load(source, scope or Window(entity, _read_period(name), start, end), capture))
    return loads


def _read_period(window: str) -> Any:
    return "month" if re.search(r"\.\d{4}-\d\d$", window) else "year"
