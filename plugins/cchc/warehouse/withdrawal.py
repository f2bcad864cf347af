"""A computed day taken out of the warehouse, with what only its runs have brought, as if it had never been."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import psycopg

from cchc.quality.audit import audit
from cchc.sources.load import Load
from cchc.sources.profile import Profile
from cchc.sources.raw_archive import ArchiveError, read_capture
from cchc.sources.window import Window, parse_window
from cchc.warehouse.connection import Login, run_file
from cchc.warehouse.publish import publish
from cchc.warehouse.staging import stage

log = logging.getLogger(__name__)

# The session setting that names the loads of an audit has room for so many.
AUDITED_TOGETHER = 100


@dataclass(frozen=True)
class Withdrawal:
    """A day of a province. ``newest``: the newest day that is over; what is beyond the day after it can't be.
    ``first``: the first day of the earliest plan; None: it isn't known."""

    province: str
    day: date
    newest: date
    first: date | None = None

    @property
    def is_proper(self) -> bool:
        """Whether a run may be for it: then only what was computed is taken out, and what was loaded for it stays.

        A plan that has yet to begin has a mistyped day: no day is held against it.
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
    """Rows that were taken out: of attainment, of tasks, of runs, of the ledger, of core and the measures."""

    results: int
    statuses: int
    runs: int
    loads: int
    rows: int


def is_there(connection: psycopg.Connection, withdrawal: Withdrawal) -> bool:
    """Whether a run of the day has left anything."""
    row = connection.execute(
        "select exists (select from ops.ingest_run where data_date = %(day)s)"
        " or exists (select from ops.attainment_run where as_of_date = %(day)s and province_code = %(province)s)"
        " or exists (select from mart.indicator_attainment where as_of_date = %(day)s"
        " and (agency_code = %(province)s or agency_code like %(province)s || '.%%'))",
        withdrawal.parameters(),
    ).fetchone()
    return bool(row and row[0])


def list_folders(connection: psycopg.Connection, withdrawal: Withdrawal) -> list[Path]:
    """The folders of the archive whose loads will be taken out."""
    with connection.transaction():
        rows = run_file(connection, "withdraw/loads.sql", withdrawal.parameters()).fetchall()
    return [_to_path(uri) for (uri,) in rows]


def take_out(connection: psycopg.Connection, withdrawal: Withdrawal) -> RemovedRows:
    """Take the day out, in the current transaction. Loads that lose rows with it wait for ``load_again``."""
    reason = f"lost its rows when {withdrawal.day} was withdrawn; make withdraw DATE={withdrawal.day} loads it again"
    parameters = withdrawal.parameters() | {"reason": reason}
    run_file(connection, "withdraw/loads.sql", parameters)
    loads = run_file(connection, "withdraw/rows.sql", parameters).fetchone() or (0, 0)
    computed = run_file(connection, "withdraw/results.sql", parameters).fetchone() or (0, 0, 0)
    run_file(connection, "withdraw/watermark.sql", parameters)
    return RemovedRows(*computed, *loads)


def list_lost_loads(connection: psycopg.Connection) -> list[Load]:
    """The loads that lost their rows with a day, in the order in which they came; one whose bytes are gone is named."""
    rows = run_file(connection, "withdraw/unloaded.sql").fetchall()
    loads = []
    for source, entity, start, end, filed_on, uri in rows:
        try:
            capture = read_capture(_to_path(uri))
        except ArchiveError as error:
            log.warning("%s", error)
            continue
        name = capture.folder.parent.name
        window = parse_window(name, filed_on) or Window(entity, _tell_period(name), start, end)
        loads.append(Load(source, window, capture))
    return loads


def load_again(
    connection: psycopg.Connection, profiles: Sequence[Profile], province: str, run_id: str
) -> tuple[int, int]:
    """Load what ``take_out`` has left without rows, from the archive; commits. How many were, and how many are now."""
    loads, done = list_lost_loads(connection), 0
    known = {profile.source: profile for profile in profiles}
    for source, own in groupby(loads, lambda load: load.source):
        if source not in known:
            log.warning("%s: its loads wait until its profile can be read", source)
            continue
        for together in _divide(known[source], list(own)):
            done += _load_together(connection, known[source], together, province, run_id)
    return len(loads), done


def _load_together(
    connection: psycopg.Connection, profile: Profile, loads: Sequence[Load], province: str, run_id: str
) -> int:
    staged = []
    for load in loads:
        try:
            stage(connection, profile, load, province)
        except ArchiveError as error:
            log.warning("%s", error)
        else:
            staged.append(load)
    if staged:
        audit(connection, _read_login(connection), profile, staged, run_id)
    return sum(publish(connection, profile, load, run_id).status == "published" for load in staged)


def _divide(profile: Profile, loads: list[Load]) -> Iterator[Sequence[Load]]:
    """What is audited together: where the earlier loads are the history that a later one shows against, nothing is."""
    size = 1 if profile.is_judged_by_history else AUDITED_TOGETHER
    return (loads[at : at + size] for at in range(0, len(loads), size))


def _tell_period(window: str) -> Any:
    return "month" if re.search(r"\.\d{4}-\d\d$", window) else "year"


def _to_path(uri: str) -> Path:
    return Path(url2pathname(urlsplit(uri).path))


def _read_login(connection: psycopg.Connection) -> Login:
    """The login of a connection, for Great Expectations."""
    info = connection.info
    known = ("host", "hostaddr", "port", "dbname", "user", "password", "options", "application_name")
    extra = {name: value for name, value in info.get_parameters().items() if name not in known}
    return Login(info.host, info.port, info.dbname, info.user, info.password, extra)
