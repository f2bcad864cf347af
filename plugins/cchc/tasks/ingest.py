"""Tasks of an ingest DAG: one source, one day; plan, a chain of land, stage, audit, publish for each window, close."""

from __future__ import annotations

import logging

import psycopg
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from cchc.quality.audit import audit, is_audited
from cchc.quality.page import write_page
from cchc.settings import SOURCES, read_settings
from cchc.sources.archive import Archive
from cchc.sources.errors import SourceError, SourceRefusedError, SourceUnavailableError
from cchc.sources.landing import ask_source, find_archived
from cchc.sources.load import Load, window_from_message, window_to_message
from cchc.sources.portal import Window, plan_windows
from cchc.sources.profile import Profile, read_profile
from cchc.tasks.context import current_day, current_run_id, name_map_index, read_login, read_source_target
from cchc.warehouse.connection import Login, connect, hold_lock
from cchc.warehouse.night import close_night, halt_night, has_late_days, open_night, read_halt
from cchc.warehouse.publish import LoadStoppedError, publish, read_status, record_failure
from cchc.warehouse.staging import is_staged, stage

log = logging.getLogger(__name__)

Message = dict[str, str]


def plan_night(source: str) -> list[Message]:
    """Open the night and list its windows: none when the source isn't configured and nothing is archived."""
    profile, day = _read_profile(source), current_day()
    windows = plan_windows(profile, day)
    if read_source_target(profile) is None and not any(find_archived(_archive(source), w, day) for w in windows):
        log.warning(
            "%s is skipped: the Airflow connection %s is not set (docs/operate.md), and nothing of %s is archived; "
            "its indicators say no_data, or keep earlier figures as stale",
            source, profile.connection, day,
        )  # fmt: skip
        return []
    with connect(read_login()) as connection:
        open_night(connection, source, day, current_run_id())
    log.info("%s, night of %s: %d windows", source, day, len(windows))
    return [window_to_message(window) for window in windows]


def land_window(source: str, window: Message) -> Message:
    """Find the window's bytes in the archive, or ask the source for them."""
    profile, asked, day = _read_profile(source), window_from_message(window), current_day()
    name_map_index(asked.name)
    archived = find_archived(_archive(source), asked, day)
    if archived:
        log.info("%s of %s is archived in %s; not asked again", asked.name, day, archived.folder)
        return Load(source, asked, archived).to_message()
    with connect(read_login()) as connection, hold_lock(connection, f"ask {source}"):
        return _ask(connection, profile, asked)


def stage_window(message: Message) -> Message:
    """Read the archived bytes into staging, unless the load is published already."""
    load, profile = _read_load(message)
    with connect(read_login()) as connection:
        if read_status(connection, load) == "published":
            log.info("%s of %s is published already (load %s)", load.window.name, load.data_date, load.load_id)
        else:
            _stage(connection, profile, load)
    return message


def audit_window(message: Message) -> Message:
    """Judge the staged rows, unless the load is published already."""
    load, profile = _read_load(message)
    login = read_login()
    with connect(login) as connection:
        if read_status(connection, load) != "published":
            _audit(connection, login, profile, load)
    return message


def publish_window(message: Message) -> str:
    """Publish the load in one transaction, or stop it; a stopped load fails the task once it is accounted for."""
    load, profile = _read_load(message)
    login = read_login()
    with connect(login) as connection:
        if read_status(connection, load) == "published":
            load.capture.set_verdict("published")
            return load.window.name
        if not is_audited(connection, load):
            _audit(connection, login, profile, load)  # a crash of the database emptied the unlogged tables
        outcome = publish(connection, profile, load, current_run_id())
    load.capture.set_verdict("published" if outcome.status == "published" else "stopped")
    if outcome.status == "stopped":
        raise LoadStoppedError(outcome.error)
    log.info(
        "%s of %s: %d received, %d accepted, %d quarantined, %d changed",
        load.window.name, load.data_date, outcome.received, outcome.accepted, outcome.quarantined, outcome.changed,
    )  # fmt: skip
    return load.window.name


def close_source(source: str, windows: list[Message] | None, published: list[str] | None) -> None:
    """Write the night's quality page and say that the source has finished; fails when windows are missing."""
    if windows is None:
        raise AirflowFailException(f"{source}: the night could not be planned, see the log of plan_night")
    if not windows:
        raise AirflowSkipException(f"{source} is skipped tonight")
    day, settings = current_day(), read_settings()
    with connect(read_login()) as connection:
        page = write_page(connection, settings.pages, source, day, current_run_id())
        close_night(connection, source, day, current_run_id())
    log.info("quality page: %s", page)
    missing = sorted({window["name"] for window in windows} - set(published or []))
    if missing:
        raise AirflowFailException(
            f"{source}, night of {day}: {len(missing)} of {len(windows)} windows not published: {', '.join(missing)}. "
            f"The others are. Why: {page}, and ops.load where status <> 'published'. Runbook: docs/runbook.md"
        )


def report_late_days(source: str) -> None:
    """Signal that days which were attained before have changed; skips when none has."""
    with connect(read_login()) as connection:
        if not has_late_days(connection, read_settings().province):
            raise AirflowSkipException(f"{source}: no day that was attained before has changed")


def _ask(connection: psycopg.Connection, profile: Profile, window: Window) -> Message:
    source, day, run_id = profile.source, current_day(), current_run_id()
    try:
        halted = read_halt(connection, source, day, run_id)
        if halted:
            raise SourceError(f"{window.name}: not asked, since {source} is left alone for tonight: {halted}")
        target = read_source_target(profile)
        if target:
            capture = ask_source(profile, target, _archive(source), window)
        else:  # what was stopped is all there is: it is judged again
            stopped = find_archived(_archive(source), window, day, even_stopped=True)
            if stopped is None:
                raise SourceError(f"{window.name} of {day}: nothing archived, and {source} is not configured")
            capture = stopped
    except SourceError as error:
        if isinstance(error, SourceRefusedError | SourceUnavailableError):
            halt_night(connection, source, day, run_id, str(error))
        record_failure(connection, source, window, day, run_id, str(error))
        raise
    return Load(source, window, capture).to_message()


def _stage(connection: psycopg.Connection, profile: Profile, load: Load) -> None:
    rows = stage(connection, profile, load, read_settings().province)
    log.info("%s of %s: %d rows staged (load %s)", load.window.name, load.data_date, rows, load.load_id)


def _audit(connection: psycopg.Connection, login: Login, profile: Profile, load: Load) -> None:
    if not is_staged(connection, profile, load):
        _stage(connection, profile, load)
    connection.commit()
    audit(connection, login, profile, load, current_run_id())


def _read_load(message: Message) -> tuple[Load, Profile]:
    load = Load.from_message(message)
    name_map_index(load.window.name)
    return load, _read_profile(load.source)


def _read_profile(source: str) -> Profile:
    return read_profile(SOURCES / f"{source}.yaml")


def _archive(source: str) -> Archive:
    settings = read_settings()
    return Archive(settings.archive, source, settings.province)
