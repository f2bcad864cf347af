"""Which windows a night has, by what the source is and what earlier nights have brought."""

from __future__ import annotations

import json
import logging
from datetime import date

import psycopg

from cchc.catalog import load_catalog
from cchc.settings import read_settings
from cchc.sources.errors import SourceError
from cchc.sources.fetching import Target, find_archived, read_target
from cchc.sources.http_session import LOOPBACK
from cchc.sources.profile import DayWindows, FilesProfile, PortalProfile, Profile, RecordsProfile
from cchc.sources.raw_archive import Archive
from cchc.sources.window import Window, parse_window, plan_budget_years, plan_days, plan_year_and_month
from cchc.tasks.context import read_connection
from cchc.tasks.inbox import plan_files
from cchc.warehouse.catalog_sync import sync_catalog
from cchc.warehouse.ledger import read_complete_windows

log = logging.getLogger(__name__)

Messages = list[dict[str, str]]

# Files that go through a task together: the session setting that names their loads has room for so many.
FILES_TOGETHER = 100


def plan_windows(connection: psycopg.Connection, profile: Profile, archive: Archive, day: date) -> list[Window]:
    """The windows of the night of ``day``: what is to be asked for, what is archived for it, and new files."""
    if isinstance(profile, FilesProfile):
        _take_in_catalog(connection)  # its rules ask which codes there are
        return plan_files(connection, profile, archive, day)
    files: list[Window] = []
    try:
        files = plan_files(connection, profile, archive, day) if profile.inbox else []
    except SourceError as error:  # the returns, whose inbox it is, fail on it; this source has another way
        log.warning("%s: no files tonight: %s", profile.source, error)
    windows = _plan_requests(connection, profile, archive, day)
    if read_source_target(profile) is None:  # only what is archived can be had
        windows = [window for window in windows if find_archived(archive, window, day, even_stopped=True)]
    return windows + files


def group_windows(windows: list[Window]) -> list[list[Window]]:
    """What goes through the tasks together: each window by itself, files up to a hundred.

    At least one group, be it empty: Airflow waits a second for each task that has nothing to be mapped over.
    """
    files = [window for window in windows if window.period == "file"]
    alone = [[window] for window in windows if window.period != "file"]
    together = [files[at : at + FILES_TOGETHER] for at in range(0, len(files), FILES_TOGETHER)]
    return alone + together or [[]]


def is_configured(profile: Profile) -> bool:
    """Whether a connection of the source is set: its own, or the inbox that also holds its files."""
    return any(read_connection(name) is not None for name in (profile.connection, profile.inbox) if name)


def read_source_target(profile: PortalProfile | RecordsProfile) -> Target | None:
    """Where a source is asked; None when its connection isn't set. Raises SourceError when it is set wrongly."""
    connection = read_connection(profile.connection)
    if connection is None:
        return None
    extra = json.loads(connection.extra or "{}")
    host = connection.host or ""
    if "://" not in host:
        host = f"{connection.schema or ('http' if host in LOOPBACK else 'https')}://{host}"
    if connection.port and f":{connection.port}" not in host:
        host = f"{host}:{connection.port}"
    return read_target(profile, host, extra, connection.login or "", connection.password or "")


def _plan_requests(
    connection: psycopg.Connection, profile: PortalProfile | RecordsProfile, archive: Archive, day: date
) -> list[Window]:
    if isinstance(profile, PortalProfile):
        return plan_year_and_month(profile.entities, day)
    entity, windows = profile.entities[0], profile.windows
    if not isinstance(windows, DayWindows):
        return plan_budget_years(entity, day)
    archived = [window for name in archive.list_windows(day) if (window := parse_window(name, day))]
    if read_source_target(profile) is None:
        return archived
    complete = read_complete_windows(connection, profile.source, entity, day)
    return plan_days(entity, day, complete, windows.reread_days, windows.longest_days)


def _take_in_catalog(connection: psycopg.Connection) -> None:
    settings = read_settings()
    sync_catalog(connection, load_catalog(settings.catalog, settings.province))
