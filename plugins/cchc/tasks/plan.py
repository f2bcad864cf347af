"""The plan of an ingest run: the windows to ask for or to replay, and the files of the inbox."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import psycopg

from cchc.catalog import load_catalog
from cchc.quality.audit import MAX_AUDITED_TOGETHER
from cchc.settings import read_settings
from cchc.sources.errors import SourceError
from cchc.sources.fetching import read_target
from cchc.sources.http_session import is_loopback
from cchc.sources.profile import ApiProfile, Profile
from cchc.sources.raw_archive import Archive
from cchc.sources.target import Target
from cchc.sources.window import FileScope, LoadScope, Window
from cchc.tasks.context import read_connection
from cchc.tasks.inbox import plan_files
from cchc.warehouse.catalog_sync import sync_catalog
from cchc.warehouse.ledger import read_complete_windows

log = logging.getLogger(__name__)

# A window or file, or a load of one, as tasks hand it on through XCom.
LoadReference = dict[str, str]


@dataclass(frozen=True)
class Plan:
    """The scopes of a run: windows, each with tasks of its own, and files, which share tasks."""

    windows: Sequence[Window]
    files: Sequence[FileScope]

    @property
    def size(self) -> int:
        """The number of windows and files."""
        return len(self.windows) + len(self.files)

    def group(self) -> list[list[LoadScope]]:
        """The scopes that go through the tasks together: each window by itself, files up to MAX_AUDITED_TOGETHER.

        At least one group, which may be empty: Airflow waits a second for each task that has nothing to be mapped over.
        """
        alone: list[list[LoadScope]] = [[window] for window in self.windows]
        starts = range(0, len(self.files), MAX_AUDITED_TOGETHER)
        together: list[list[LoadScope]] = [list(self.files[at : at + MAX_AUDITED_TOGETHER]) for at in starts]
        return alone + together or [[]]


def plan_run(connection: psycopg.Connection, profile: Profile, archive: Archive, day: date) -> Plan:
    """The windows and files of the run for ``day``. Raises SourceError where a connection is set wrongly."""
    if profile.api is None:
        _sync_catalog(connection)  # its rules look up the codes of the catalog
        return Plan([], plan_files(connection, profile, archive, day))
    files: list[FileScope] = []
    try:
        files = plan_files(connection, profile, archive, day) if profile.inbox else []
    except SourceError as error:  # the source of returns fails on its inbox; this one has another way
        log.warning("%s: no files in this run: %s", profile.source, error)
    return Plan(_plan_windows(connection, profile.api, archive, day), files)


def is_configured(profile: Profile) -> bool:
    """Whether a connection of the source is set: its own, or the inbox that also holds its files."""
    return any(read_connection(name) is not None for name in (profile.connection, profile.inbox) if name)


def read_source_target(profile: ApiProfile) -> Target | None:
    """The target of a source; None when its connection isn't set. Raises SourceError when it is set wrongly."""
    connection = read_connection(profile.connection)
    if connection is None:
        return None
    extra = json.loads(connection.extra or "{}")
    host = connection.host or ""
    if "://" not in host:
        host = f"{connection.schema or ('http' if is_loopback(host) else 'https')}://{host}"
    if connection.port and f":{connection.port}" not in host:
        host = f"{host}:{connection.port}"
    return read_target(profile, host, extra, connection.login or "", connection.password or "")


def _plan_windows(connection: psycopg.Connection, profile: ApiProfile, archive: Archive, day: date) -> list[Window]:
    """The windows to ask for; where the source can't be asked, those that the archive holds."""
    if read_source_target(profile) is not None:
        return profile.plan_windows(day, partial(read_complete_windows, connection, profile.source, day=day))
    windows = profile.plan_archived_windows(day, archive.list_scope_names(day))
    return [window for window in windows if archive.find(window.name, window.archive_day(day))]


def _sync_catalog(connection: psycopg.Connection) -> None:
    settings = read_settings()
    sync_catalog(connection, load_catalog(settings.catalog, settings.province))
