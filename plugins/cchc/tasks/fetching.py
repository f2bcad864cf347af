"""The fetch of one window or file within a run: from the archive, else from the source or the inbox."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import psycopg

from cchc.sources.errors import SourceError, SourceRefusedError, SourceUnavailableError
from cchc.sources.fetching import archive_file, fetch_window
from cchc.sources.load import Load, choose_load, list_archived_loads
from cchc.sources.profile import Profile
from cchc.sources.raw_archive import Archive, ArchiveError, Capture
from cchc.sources.window import FileScope, LoadScope, Window
from cchc.tasks.context import current_day, current_run_id
from cchc.tasks.inbox import find_file
from cchc.tasks.plan import read_source_target
from cchc.warehouse.ingest_runs import halt_run, read_halt_reason
from cchc.warehouse.ledger import read_statuses, record_failure

log = logging.getLogger(__name__)


def fetch_scope(
    connection: psycopg.Connection, profile: Profile, archive: Archive, scope: LoadScope, day: date
) -> Load:
    """The load of a window or file for the run of ``day``: an archived one, else a new one.

    The ledger decides which archived load is used. Raises SourceError, ArchiveError, and OSError where the archive
    can't be written or read.
    """
    archived = list_archived_loads(archive, scope, day)
    is_stopped_usable = "stopped" in scope.final_statuses
    known = choose_load(archived, read_statuses(connection, archived), is_stopped_usable=is_stopped_usable)
    if known:
        log.info("%s of %s is archived in %s; not asked again", scope.label, day, known.capture.folder)
        return known
    if isinstance(scope, FileScope):
        return Load(profile.source, scope, archive_file(archive, scope, find_file(profile, scope)))
    return _ask(connection, profile, archive, scope, day) or _use_stopped(connection, archived, scope, day)


def _ask(connection: psycopg.Connection, profile: Profile, archive: Archive, window: Window, day: date) -> Load | None:
    """The load that the source's answer makes; None where the source isn't configured."""
    source, run_id = profile.source, current_run_id()
    halted = read_halt_reason(connection, source, day, run_id)
    if halted:
        raise SourceError(f"{window.name}: not asked, since {source} is left alone in this run: {halted}")
    target = read_source_target(profile.api) if profile.api else None
    if profile.api is None or target is None:
        return None
    try:
        capture = fetch_window(profile.api, target, archive, window, day)
    except (SourceRefusedError, SourceUnavailableError) as error:
        halt_run(connection, source, day, run_id, str(error))
        raise
    return _prefer_earlier(connection, archive, window, capture)


def _prefer_earlier(connection: psycopg.Connection, archive: Archive, window: Window, capture: Capture) -> Load:
    """The load of a new capture, or an earlier one of the same window and data date that isn't stopped.

    A snapshot describes a day whatever the run asks for: the day's first one stays in use.
    """
    new = Load(archive.source, window, capture)
    captured = list_archived_loads(archive, window, capture.data_date)
    loads = [load for load in captured if load.capture.folder != capture.folder] + [new]
    return choose_load(loads, read_statuses(connection, loads)) or new


def _use_stopped(connection: psycopg.Connection, archived: list[Load], window: Window, day: date) -> Load:
    """A stopped load, to be judged again: the source can't be asked for a better one."""
    stopped = choose_load(archived, read_statuses(connection, archived), is_stopped_usable=True)
    if stopped is None:
        raise SourceError(f"{window.name} of {day}: nothing is archived, and its source is not configured")
    return stopped


@contextmanager
def recording_failure(
    connection: psycopg.Connection, source: str, scope: LoadScope, *, is_alone: bool
) -> Iterator[None]:
    """Record in the ledger why a scope fails. Alone it fails its task, in a group it is left out."""
    try:
        yield
    except (SourceError, ArchiveError, OSError) as error:
        cause = error
        if isinstance(error, OSError):
            cause = SourceError(
                f"{scope.label} of {current_day()}: the archive can't be written or read ({error}); nothing new of it "
                "is kept, published rows stay. Make room or restore the rights, then run the day again"
            )
        record_failure(connection, source, scope, current_day(), current_run_id(), str(cause))
        if is_alone:
            raise cause from error
        log.warning("%s", cause)
