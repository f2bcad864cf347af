"""``make withdraw``: the removal of a computed day from warehouse, archive and alerts, step by step.

The rows of the day are warehouse.withdrawal's, its effects on alerts alerts.detection.withdrawal's.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg

from cchc.alerts.detection.evaluation import evaluate
from cchc.alerts.detection.withdrawal import Undone, undo_day
from cchc.alerts.lifecycle import Alerting, AlertLifecycle
from cchc.alerts.recipients import read_recipients
from cchc.alerts.rules import load_rules
from cchc.calendar import newest_complete_day
from cchc.catalog.first_day import read_first_day
from cchc.catalog.holidays import read_working_days
from cchc.indicators.attainment import compute_attainment
from cchc.local import LocalError
from cchc.local.data_date import read_day
from cchc.local.reload import reload_lost_loads
from cchc.local.run_lock import hold_runs
from cchc.local.warehouse import connect_as_loader
from cchc.mistake import CatalogError
from cchc.settings import ALERT_RULES, read_now, read_settings
from cchc.sources.profile import read_profiles
from cchc.sources.raw_archive import Archive, ArchiveError, Capture, read_capture
from cchc.sources.window import FileScope
from cchc.warehouse.connection import take_lock
from cchc.warehouse.withdrawal import (
    RemovedRows,
    Withdrawal,
    has_traces,
    list_lost_loads,
    list_withdrawn_folders,
    remove_day,
)

EXAMPLE = "make withdraw DATE=2042-12-31"


def withdraw(home: Path, day: str) -> int:
    """Withdraw a computed day, and print each step's outcome; returns 0. Raises LocalError as ``withdraw_day``."""
    wanted = read_day(day, EXAMPLE)
    logging.getLogger("cchc").setLevel(logging.WARNING)
    with hold_runs(home, f"withdraw {wanted}"), connect_as_loader(home) as connection:
        for line in withdraw_day(connection, wanted):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    return 0


def withdraw_day(connection: psycopg.Connection, day: date) -> Iterator[str]:
    """Withdraw ``day`` step by step; yields the outcome of each. The same call continues a withdrawal that was killed.

    Raises LocalError, before anything is changed, where there is nothing to withdraw or a file can't be read.
    """
    settings, now, alerting = read_settings(), read_now(), _read_alerting()
    first_day = read_first_day(settings.catalog, settings.province)
    withdrawal = Withdrawal(settings.province, day, newest_complete_day(now), first_day)
    filed = _list_filed(withdrawal)
    if not (has_traces(connection, withdrawal) or filed or list_lost_loads(connection)):
        raise LocalError(_describe_nothing(connection, withdrawal))
    yield from _correct_archive(connection, withdrawal, filed)
    with connection.transaction():
        for name in ("attain", *(f"publish {profile.source}" for profile in read_profiles())):
            take_lock(connection, name)
        removed = remove_day(connection, withdrawal)
        undone = None
        if not withdrawal.is_proper:
            found_on = _find_newest(connection, withdrawal) or withdrawal.newest
            undone = undo_day(AlertLifecycle(connection, alerting, now), day, found_on)
    yield from (f"{mistake} (this entry is left aside)" for mistake in alerting.mistakes)
    yield from _describe(withdrawal, removed, undone)
    run_id = f"withdraw/{day}"
    lost, reloaded = reload_lost_loads(connection, read_profiles(), withdrawal.province, run_id)
    if lost:
        yield f"  {reloaded} of {lost} loads that it had overwritten are loaded again from the archive"
    ranges = compute_attainment(connection, read_profiles(), withdrawal.province, None, run_id)
    if ranges:
        yield f"  computed again: {', '.join(f'{days.start} to {days.last}' for days in ranges)}"
    evaluate(connection, alerting, now)
    yield f"The newest day is {_find_newest(connection, withdrawal) or 'none'}."


def _read_alerting() -> Alerting:
    settings = read_settings()
    try:
        recipients = read_recipients(settings.recipients)
        if recipients.mistakes and not recipients.good:
            raise CatalogError(recipients.mistakes)
        rules, working_days = load_rules(ALERT_RULES), read_working_days(settings.catalog)
    except CatalogError as error:
        raise LocalError(f"nothing is withdrawn: {error}") from error
    return Alerting(settings.province, rules, recipients.good, working_days, recipients.mistakes)


def _list_archives(province: str) -> list[Archive]:
    return [Archive(read_settings().archive, profile.source, province) for profile in read_profiles()]


def _list_filed(withdrawal: Withdrawal) -> list[tuple[Archive, date, str]]:
    """The files of the inbox that are filed under the day or under a day to come, where no run looks for them."""
    if withdrawal.is_proper:
        return []
    return [
        (archive, filed_on, name)
        for archive in _list_archives(withdrawal.province)
        for filed_on, name in archive.list_files()
        if filed_on > withdrawal.next_day or filed_on == withdrawal.day < withdrawal.next_day
    ]


def _correct_archive(
    connection: psycopg.Connection, withdrawal: Withdrawal, filed: list[tuple[Archive, date, str]]
) -> Iterator[str]:
    """Refile files of the inbox under the next run's day; answers stay archived, out of use for every run."""
    for folder in list_withdrawn_folders(connection, withdrawal):
        if not FileScope.from_name(folder.parent.name, withdrawal.day) and folder.is_dir():
            _set_aside(folder)
    for archive in [] if withdrawal.is_proper else _list_archives(withdrawal.province):
        for name in archive.list_scope_names(withdrawal.day):
            if not FileScope.from_name(name, withdrawal.day):
                for capture in _find(archive, name, withdrawal.day):
                    capture.set_aside()
    refiled: dict[date, int] = {}
    for archive, filed_on, name in filed:
        next_day = _choose_day(connection, archive.source, withdrawal)
        archive.refile(name, filed_on, next_day)
        refiled[next_day] = refiled.get(next_day, 0) + 1
    for next_day, files in sorted(refiled.items()):
        yield f"{files} files of the inbox are filed under {next_day}: the run for that day takes them again"


def _set_aside(folder: Path) -> None:
    try:
        read_capture(folder).set_aside()
    except ArchiveError as error:
        logging.getLogger(__name__).warning("%s", error)


def _find(archive: Archive, window: str, day: date) -> list[Capture]:
    try:
        return archive.find(window, day)
    except ArchiveError as error:
        logging.getLogger(__name__).warning("%s", error)
        return []


def _choose_day(connection: psycopg.Connection, source: str, withdrawal: Withdrawal) -> date:
    """The day after the newest data date of the source's runs; at the latest the next day to come."""
    row = connection.execute(
        "select max(data_date) from ops.ingest_run where source = %s and data_date <= %s", [source, withdrawal.newest]
    ).fetchone()
    return min(row[0] + timedelta(days=1), withdrawal.next_day) if row and row[0] else withdrawal.newest


def _find_newest(connection: psycopg.Connection, withdrawal: Withdrawal) -> date | None:
    """The newest computed day that is over; None where no day is computed."""
    row = connection.execute(
        "select max(as_of_date) from mart.indicator_attainment where agency_code = %s and as_of_date <= %s",
        [withdrawal.province, withdrawal.newest],
    ).fetchone()
    return row[0] if row else None


def _describe_nothing(connection: psycopg.Connection, withdrawal: Withdrawal) -> str:
    rows = connection.execute(
        "select distinct as_of_date from mart.indicator_attainment where agency_code = %s"
        " order by as_of_date desc limit 3",
        [withdrawal.province],
    ).fetchall()
    newest = f"the newest days are {', '.join(str(day) for (day,) in rows)}" if rows else "no day is computed yet"
    return f"DATE={withdrawal.day}: there is nothing to withdraw, {newest}. Nothing was changed"


def _describe(withdrawal: Withdrawal, removed: RemovedRows, undone: Undone | None) -> Iterator[str]:
    yield (
        f"{withdrawal.day} is withdrawn: {removed.results} results, {removed.statuses} statuses of tasks,"
        f" {removed.runs} runs"
    )
    if removed.loads:
        yield f"  {removed.loads} loads that only it can have brought, with {removed.rows} rows; the bytes are kept"
    elif withdrawal.is_proper:
        yield f"  what was loaded for it stays: make nightly DATE={withdrawal.day} computes it again"
    if undone:
        yield f"  alerts: {undone.reopened} are open again, {undone.withdrawn} are withdrawn"
