"""Tasks of an ingest DAG: one source, one day; plan, a chain of land, stage, audit, publish for each window, close."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

import psycopg
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from cchc.quality.audit import audit, is_audited
from cchc.quality.page import write_page
from cchc.settings import SOURCES, read_settings
from cchc.sources.archive import Archive, ArchiveError, Capture
from cchc.sources.errors import SourceError, SourceRefusedError, SourceUnavailableError
from cchc.sources.landing import ask_source, find_archived, land_file
from cchc.sources.load import Load
from cchc.sources.profile import FilesProfile, Profile, read_profile
from cchc.sources.window import Window
from cchc.tasks.context import current_day, current_run_id, name_map_index, read_login
from cchc.tasks.inbox import find_file, give_back, write_receipts
from cchc.tasks.plan import Messages, group_windows, is_configured, plan_windows, read_source_target
from cchc.warehouse.connection import Login, connect, hold_lock
from cchc.warehouse.night import close_night, halt_night, has_late_days, open_night, read_halt, was_opened
from cchc.warehouse.publish import LoadStoppedError, has_ended, publish, read_status, record_failure
from cchc.warehouse.staging import is_staged, sort_by_newest_day, stage

log = logging.getLogger(__name__)


def plan_night(source: str) -> list[Messages]:
    """Open the night and list its windows, each by itself, files together."""
    profile, day = _read_profile(source), current_day()
    with connect(read_login()) as connection:
        windows = plan_windows(connection, profile, _archive(source), day)
        if not windows and not is_configured(profile):
            log.warning(
                "%s is skipped: the Airflow connection %s is not set (docs/operate.md), and nothing of %s is archived; "
                "its indicators say no_data, or keep earlier figures as stale",
                source, profile.connection, day,
            )  # fmt: skip
        else:
            open_night(connection, source, day, current_run_id())
            log.info("%s, night of %s: %d windows", source, day, len(windows))
    return [[window.to_message() for window in group] for group in group_windows(windows)]


def land_windows(source: str, windows: Messages) -> Messages:
    """Find the bytes of each window in the archive, or ask the source for them; a file that is gone stops no other."""
    profile, day = _read_profile(source), current_day()
    asked = [Window.from_message(window) for window in windows]
    _name_map_index(asked)
    landed = []
    with connect(read_login()) as connection, hold_lock(connection, f"ask {source}"):
        for window in asked:
            archived = find_archived(_archive(source), window, day, even_stopped=window.period == "file")
            if archived:
                log.info("%s of %s is archived in %s; not asked again", window.label, day, archived.folder)
            try:
                capture = archived or _ask(connection, profile, window)
            except SourceError as error:
                if len(asked) == 1:
                    raise
                log.warning("%s", error)
            else:
                landed.append(Load(source, window, capture).to_message())
    return landed


def stage_windows(messages: Messages) -> Messages:
    """Read the archived bytes into staging, unless a load has come to its end already.

    Of several files one whose bytes are damaged is left out; alone it raises ArchiveError.
    """
    staged = []
    with connect(read_login()) as connection:
        for load, profile in _read_loads(messages):
            try:
                if has_ended(connection, load):
                    log.info("%s of %s is accounted for (load %s)", load.window.label, load.data_date, load.load_id)
                else:
                    _stage(connection, profile, load)
            except ArchiveError as error:
                if len(messages) == 1:
                    raise
                log.warning("%s", error)
            else:
                staged.append(load.to_message())
    return staged


def audit_windows(messages: Messages) -> Messages:
    """Judge the staged rows, unless a load has come to its end already."""
    login = read_login()
    with connect(login) as connection:
        loads = _read_loads(messages)
        waiting = [load for load, _ in loads if not has_ended(connection, load)]
        if waiting:
            _audit(connection, login, loads[0][1], waiting)
    return messages


def publish_windows(messages: Messages) -> list[str]:
    """Publish each load in a transaction of its own, or stop it; returns the names of those that are accounted for.

    A stopped answer fails the task. A stopped file doesn't: it goes back to its sender with the reason, as the
    refused rows of every file do; and the sender of a file that another file of the day replaces gets a receipt.
    """
    login = read_login()
    ended = []
    with connect(login) as connection:
        loads = _read_loads(messages)
        for load, profile in sort_by_newest_day(connection, loads):
            if not has_ended(connection, load):
                # Of files that came together the earlier closing days are the history that the later ones show against.
                is_late = profile.is_judged_by_history and len(loads) > 1
                if is_late or not is_audited(connection, load):  # or a crash emptied the unlogged tables
                    _audit(connection, login, profile, [load])
                _publish(connection, profile, load)
            status = read_status(connection, load)
            load.capture.set_verdict("published" if status == "published" else "stopped")
            if _give_back(connection, profile, load):
                ended.append(load.window.name)
        files = [load for load, _ in loads if load.window.period == "file"]
        if files:
            write_receipts(connection, loads[0][1], files)
    return ended


def close_source(source: str, windows: list[Messages] | None, published: object) -> None:
    """Write the night's quality page and say that the source has finished; fails when windows are missing."""
    day, settings = current_day(), read_settings()
    if windows is None:
        with connect(read_login()) as connection:  # it has ended, badly: the attainment need not wait for it
            open_night(connection, source, day, current_run_id())
            close_night(connection, source, day, current_run_id())
        raise AirflowFailException(f"{source}: the night could not be planned, see the log of plan_night")
    with connect(read_login()) as connection:
        if not was_opened(connection, source, day, current_run_id()):
            raise AirflowSkipException(f"{source} is skipped tonight")
        page = write_page(connection, settings.pages, source, day, current_run_id())
        close_night(connection, source, day, current_run_id())
    log.info("quality page: %s", page)
    planned = {window["name"] for group in windows for window in group}
    missing = sorted(planned - set(_flatten(published)))
    if missing:
        raise AirflowFailException(
            f"{source}, night of {day}: {len(missing)} of {len(planned)} windows not published: {', '.join(missing)}. "
            f"The others are. Why: {page}, and ops.load where status <> 'published'. Runbook: docs/runbook.md"
        )


def report_late_days(source: str) -> None:
    """Signal that days which were attained before have changed; skips when none has."""
    current_day()  # after a run that was refused there is nothing to signal
    with connect(read_login()) as connection:
        if not has_late_days(connection, read_settings().province):
            raise AirflowSkipException(f"{source}: no day that was attained before has changed")


def _ask(connection: psycopg.Connection, profile: Profile, window: Window) -> Capture:
    source, day, run_id = profile.source, current_day(), current_run_id()
    archive = _archive(source)
    try:
        if isinstance(profile, FilesProfile) or window.period == "file":
            return land_file(archive, window, find_file(profile, window))
        halted = read_halt(connection, source, day, run_id)
        if halted:
            raise SourceError(f"{window.name}: not asked, since {source} is left alone for tonight: {halted}")
        target = read_source_target(profile)
        if target:
            return ask_source(profile, target, archive, window, day)
        # What was stopped is all there is: it is judged again.
        stopped = find_archived(archive, window, day, even_stopped=True)
        if stopped is None:
            raise SourceError(f"{window.name} of {day}: nothing archived, and {source} is not configured")
    except SourceError as error:
        if isinstance(error, SourceRefusedError | SourceUnavailableError):
            halt_night(connection, source, day, run_id, str(error))
        record_failure(connection, source, window, day, run_id, str(error))
        raise
    return stopped


def _stage(connection: psycopg.Connection, profile: Profile, load: Load) -> None:
    rows = stage(connection, profile, load, read_settings().province)
    log.info("%s of %s: %d rows staged (load %s)", load.window.label, load.data_date, rows, load.load_id)


def _audit(connection: psycopg.Connection, login: Login, profile: Profile, loads: list[Load]) -> None:
    for load in loads:
        if not is_staged(connection, profile, load):
            _stage(connection, profile, load)
    audit(connection, login, profile, loads, current_run_id())


def _publish(connection: psycopg.Connection, profile: Profile, load: Load) -> None:
    outcome = publish(connection, profile, load, current_run_id())
    log.info(
        "%s of %s: %d received, %d accepted, %d quarantined, %d changed",
        load.window.label, load.data_date, outcome.received, outcome.accepted, outcome.quarantined, outcome.changed,
    )  # fmt: skip
    if outcome.status == "stopped":
        load.capture.set_verdict("stopped")
        if load.window.period != "file":
            raise LoadStoppedError(outcome.error)
        log.warning("%s", outcome.error)


def _give_back(connection: psycopg.Connection, profile: Profile, load: Load) -> bool:
    """Whether what was refused of a file is with its sender; its figures count either way, and the others go on."""
    try:
        if load.window.period == "file":
            give_back(connection, profile, load)
    except (OSError, ValueError) as error:
        log.warning("%s: accounted for, but can't be given back: %s", load.window.label, error)
        return False
    return True


def _flatten(published: object) -> Iterator[str]:
    """The names in what the mapped tasks returned: Airflow gives a list of lists or, of a single task, its list."""
    if isinstance(published, str):
        yield published
    elif isinstance(published, Iterable):
        for item in published:
            yield from _flatten(item)


def _name_map_index(windows: list[Window]) -> None:
    name_map_index(windows[0].label if len(windows) == 1 else f"{len(windows)} tệp" if windows else "không có gì mới")


def _read_loads(messages: Messages) -> list[tuple[Load, Profile]]:
    loads = [Load.from_message(message) for message in messages]
    _name_map_index([load.window for load in loads])
    profiles = {source: _read_profile(source) for source in {load.source for load in loads}}
    return [(load, profiles[load.source]) for load in loads]


def _read_profile(source: str) -> Profile:
    return read_profile(SOURCES / f"{source}.yaml")


def _archive(source: str) -> Archive:
    settings = read_settings()
    return Archive(settings.archive, source, settings.province)
