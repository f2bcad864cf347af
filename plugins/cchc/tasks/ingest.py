"""Tasks of an ingest DAG: one source, one day; plan, a chain of land, stage, audit, publish for each window, close."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psycopg
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from cchc.presentation.quality_page import write_page
from cchc.quality.judgement import ensure_judged, judge
from cchc.settings import SOURCES, read_settings
from cchc.sources.errors import SourceError, SourceRefusedError, SourceUnavailableError
from cchc.sources.fetching import ask_source, find_archived, land_file
from cchc.sources.load import Load
from cchc.sources.profile import FilesProfile, Profile, read_profile
from cchc.sources.raw_archive import Archive, ArchiveError, Capture, Verdict
from cchc.sources.window import Window
from cchc.tasks.context import current_day, current_run_id, name_map_index, read_login
from cchc.tasks.inbox import find_file, give_back, write_receipts
from cchc.tasks.plan import Messages, group_windows, is_configured, plan_windows, read_source_target
from cchc.warehouse.connection import connect, hold_lock
from cchc.warehouse.dirty_dates import has_dirty_results
from cchc.warehouse.ingest_runs import close_run, halt_run, is_open_run, open_run, read_halt_reason
from cchc.warehouse.ledger import has_ended, read_status, record_failure
from cchc.warehouse.publish import LoadStoppedError, publish
from cchc.warehouse.run_outcomes import describe_failures, list_outcomes, summarize_run
from cchc.warehouse.staging import sort_by_newest_day, stage

log = logging.getLogger(__name__)

# Characters that Airflow's metadata database holds of it are 250; a file's name has up to 255.
MAX_INDEX_NAME = 200


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
            open_run(connection, source, day, current_run_id())
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
            with _failing_alone(connection, source, window, is_alone=len(asked) == 1):
                archived = find_archived(_archive(source), window, day, even_stopped=window.period == "file")
                if archived:
                    log.info("%s of %s is archived in %s; not asked again", window.label, day, archived.folder)
                capture = archived or _ask(connection, profile, window)
                landed.append(Load(source, window, capture).to_message())
    return landed


def stage_windows(messages: Messages) -> Messages:
    """Read the archived bytes into staging, unless a load has come to its end already.

    Of several files one whose bytes are damaged is left out; alone it raises ArchiveError.
    """
    staged = []
    with connect(read_login()) as connection:
        for load, profile in _read_loads(connection, messages):
            with _failing_alone(connection, load.source, load.window, is_alone=len(messages) == 1):
                if has_ended(connection, load):
                    log.info("%s of %s is accounted for (load %s)", load.window.label, load.data_date, load.load_id)
                else:
                    _stage(connection, profile, load)
                staged.append(load.to_message())
    return staged


def audit_windows(messages: Messages) -> Messages:
    """Judge the staged rows, unless a load has come to its end already."""
    login = read_login()
    with connect(login) as connection:
        loads = _read_loads(connection, messages)
        waiting = [load for load, _ in loads if not has_ended(connection, load)]
        if waiting:
            judge(connection, login, loads[0][1], waiting, read_settings().province, current_run_id())
    return [load.to_message() for load, _ in loads]


def publish_windows(messages: Messages) -> list[str]:
    """Publish each load in a transaction of its own, or stop it; returns the names of those that are accounted for.

    A stopped answer fails the task. A stopped file doesn't: it goes back to its sender with the reason, as the
    refused rows of every file do; and the sender of a file that another file of the day replaces gets a receipt.
    """
    login = read_login()
    ended = []
    with connect(login) as connection:
        loads = _read_loads(connection, messages)
        for load, profile in sort_by_newest_day(connection, loads):
            if not has_ended(connection, load):
                # Of files that came together the earlier closing days are the history that the later ones show against.
                is_late = profile.is_judged_by_history and len(loads) > 1
                make_ready = judge if is_late else ensure_judged
                make_ready(connection, login, profile, [load], read_settings().province, current_run_id())
                _publish(connection, profile, load)
            _note_verdict(load, "published" if read_status(connection, load) == "published" else "stopped")
            if _give_back(connection, profile, load):
                ended.append(load.window.name)
        files = [load for load, _ in loads if load.window.period == "file"]
        if files:
            write_receipts(connection, loads[0][1], files)
    return ended


def close_source(source: str, windows: list[Messages] | None, published: object) -> None:
    """Write the night's quality page and say that the source has finished; fails when windows are missing."""
    day, run_id = current_day(), current_run_id()
    if windows is None:
        with connect(read_login()) as connection:  # it has ended, badly: the attainment need not wait for it
            open_run(connection, source, day, run_id)
            close_run(connection, source, day, run_id)
        raise AirflowFailException(f"{source}: the night could not be planned, see the log of plan_night")
    planned = [Window.from_message(window) for group in windows for window in group]
    with connect(read_login()) as connection:
        if not is_open_run(connection, source, day, run_id):
            raise AirflowSkipException(f"{source} is skipped tonight")
        page, trouble = _write_page(connection, source, day, run_id)
        close_run(connection, source, day, run_id)
        outcomes = list_outcomes(connection, source, run_id, planned)
    troubles = [describe_failures(summarize_run(planned, set(_flatten(published)), outcomes, day)), trouble]
    if any(troubles):
        told = " ".join(filter(None, troubles))
        see = f"{page}, and ops.load" if page else "ops.load"
        raise AirflowFailException(
            f"{source}, night of {day}: {told} See {see} where status <> 'published'. Runbook: docs/runbook.md"
        )
    log.info("quality page: %s", page)


def _write_page(connection: psycopg.Connection, source: str, day: date, run_id: str) -> tuple[Path | None, str]:
    """The quality page; where it can't be written, why: it takes back nothing that is published."""
    try:
        return write_page(connection, read_settings().pages, source, day, run_id), ""
    except OSError as error:
        trouble = f"The quality page can't be written ({error}); all that it would tell is in the warehouse."
        log.warning("%s", trouble)
        return None, trouble


def report_late_days(source: str) -> None:
    """Signal that days which were attained before have changed; skips when none has."""
    current_day()  # after a run that was refused there is nothing to signal
    with connect(read_login()) as connection:
        if not has_dirty_results(connection, read_settings().province):
            raise AirflowSkipException(f"{source}: no day that was attained before has changed")


def _ask(connection: psycopg.Connection, profile: Profile, window: Window) -> Capture:
    source, day, run_id = profile.source, current_day(), current_run_id()
    archive = _archive(source)
    if isinstance(profile, FilesProfile) or window.period == "file":
        return land_file(archive, window, find_file(profile, window))
    halted = read_halt_reason(connection, source, day, run_id)
    if halted:
        raise SourceError(f"{window.name}: not asked, since {source} is left alone for tonight: {halted}")
    target = read_source_target(profile)
    if target:
        try:
            return ask_source(profile, target, archive, window, day)
        except (SourceRefusedError, SourceUnavailableError) as error:
            halt_run(connection, source, day, run_id, str(error))
            raise
    # What was stopped is all there is: it is judged again.
    stopped = find_archived(archive, window, day, even_stopped=True)
    if stopped is None:
        raise SourceError(f"{window.name} of {day}: nothing archived, and {source} is not configured")
    return stopped


@contextmanager
def _failing_alone(connection: psycopg.Connection, source: str, window: Window, *, is_alone: bool) -> Iterator[None]:
    """Note in the ledger why a window fails; of several it is left out, alone it fails its task."""
    try:
        yield
    except (SourceError, ArchiveError, OSError) as error:
        cause = error
        if isinstance(error, OSError):
            cause = SourceError(
                f"{window.label} of {current_day()}: the archive can't be written or read ({error}); nothing of it is "
                "kept anew, what is published stays. Make room or give back the rights, then run the day again"
            )
        record_failure(connection, source, window, current_day(), current_run_id(), str(cause))
        if is_alone:
            raise cause from error
        log.warning("%s", cause)


def _stage(connection: psycopg.Connection, profile: Profile, load: Load) -> None:
    rows = stage(connection, profile, load, read_settings().province)
    log.info("%s of %s: %d rows staged (load %s)", load.window.label, load.data_date, rows, load.load_id)


def _publish(connection: psycopg.Connection, profile: Profile, load: Load) -> None:
    outcome = publish(connection, profile, load, current_run_id())
    log.info(
        "%s of %s: %d received, %d accepted, %d quarantined, %d changed",
        load.window.label, load.data_date, outcome.received, outcome.accepted, outcome.quarantined, outcome.changed,
    )  # fmt: skip
    if outcome.status == "stopped":
        _note_verdict(load, "stopped")
        if load.window.period != "file":
            raise LoadStoppedError(outcome.error)
        log.warning("%s", outcome.error)


def _note_verdict(load: Load, verdict: Verdict) -> None:
    """Note in the archive what became of a load. The ledger decides: where the archive is full, it lacks the note."""
    try:
        load.capture.set_verdict(verdict)
    except OSError as error:
        log.warning("%s: %s, which can't be noted in the archive (%s)", load.window.label, verdict, error)


def _give_back(connection: psycopg.Connection, profile: Profile, load: Load) -> bool:
    """Whether what was refused of a file is with its sender; its figures count either way, and the others go on."""
    if load.window.period != "file":
        return True
    try:
        give_back(connection, profile, load)
    except (OSError, ValueError, ArchiveError, SourceError) as error:
        trouble = (
            f"{load.window.label}: its rejection report can't be written ({error}); correct that, run the day again"
        )
        record_failure(connection, load.source, load.window, current_day(), current_run_id(), trouble)
        log.warning("%s", trouble)
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
    name = windows[0].label if len(windows) == 1 else f"{len(windows)} tệp" if windows else "không có gì mới"
    name_map_index(name[:MAX_INDEX_NAME])


def _read_loads(connection: psycopg.Connection, messages: Messages) -> list[tuple[Load, Profile]]:
    """The loads of messages with their profiles; of several one whose capture is damaged is left out."""
    loads: list[Load] = []
    windows = [Window.from_message(message) for message in messages]
    _name_map_index(windows)
    for message, window in zip(messages, windows, strict=True):
        with _failing_alone(connection, message["source"], window, is_alone=len(messages) == 1):
            loads.append(Load.from_message(message))
    profiles = {source: _read_profile(source) for source in {load.source for load in loads}}
    return [(load, profiles[load.source]) for load in loads]


def _read_profile(source: str) -> Profile:
    return read_profile(SOURCES / f"{source}.yaml")


def _archive(source: str) -> Archive:
    settings = read_settings()
    return Archive(settings.archive, source, settings.province)
