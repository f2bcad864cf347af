"""Tasks of an ingest DAG: plan; fetch and stage each window or group of files; audit all; publish each; close.

Each is a few lines around plain functions. ``fetching`` has the fetch, ``inbox`` the files of the inbox.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from cchc.messages import read_messages
from cchc.presentation.quality_page import write_page
from cchc.quality.judgement import ensure_judged, judge, judge_all
from cchc.settings import SOURCES, read_settings
from cchc.sources.errors import SourceError
from cchc.sources.load import Load
from cchc.sources.profile import Profile, read_profile
from cchc.sources.raw_archive import Archive, ArchiveError
from cchc.sources.window import LoadScope, read_scope
from cchc.tasks.context import current_day, current_run_id, name_map_index, read_login
from cchc.tasks.fetching import fetch_scope, recording_failure
from cchc.tasks.inbox import file_rejection_report, write_receipts
from cchc.tasks.plan import LoadReference, is_configured, plan_run
from cchc.warehouse.connection import connect, hold_lock
from cchc.warehouse.dirty_dates import has_dirty_results
from cchc.warehouse.ingest_runs import close_run, is_open_run, open_run
from cchc.warehouse.ledger import has_ended, record_failure
from cchc.warehouse.publish import LoadStoppedError, publish
from cchc.warehouse.run_outcomes import describe_failures, list_outcomes, summarize_run
from cchc.warehouse.staging import sort_by_newest_day, stage

log = logging.getLogger(__name__)
MESSAGES = read_messages("sources")

# Airflow's metadata database holds 250 characters of it; a file's name has up to 255.
MAX_INDEX_NAME = 200


def plan_loads(source: str) -> list[list[LoadReference]]:
    """Open the run and list what it loads: each window by itself, files in groups."""
    profile, day = _read_profile(source), current_day()
    with connect(read_login()) as connection:
        plan = plan_run(connection, profile, _open_archive(source), day)
        if not plan.size and not is_configured(profile):
            log.warning(
                "%s is skipped: the Airflow connection %s is not set (docs/operate.md), and nothing of %s is archived; "
                "its indicators have the status no_data, or keep earlier values as stale",
                source, profile.connection, day,
            )  # fmt: skip
        else:
            open_run(connection, source, day, current_run_id())
            log.info("%s, data date %s: %d windows and files", source, day, plan.size)
    return [[scope.to_reference() for scope in group] for group in plan.group()]


def fetch_loads(source: str, planned: list[LoadReference]) -> list[LoadReference]:
    """Find the bytes of each window or file in the archive, else in the source or the inbox.

    A file that is gone stops no other.
    """
    profile, archive, day = _read_profile(source), _open_archive(source), current_day()
    scopes = [read_scope(reference) for reference in planned]
    _name_map_index(scopes)
    fetched = []
    with connect(read_login()) as connection, hold_lock(connection, f"ask {source}"):
        for scope in scopes:
            with recording_failure(connection, source, scope, is_alone=len(scopes) == 1):
                fetched.append(fetch_scope(connection, profile, archive, scope, day).to_reference())
    return fetched


def stage_loads(references: list[LoadReference]) -> list[LoadReference]:
    """Parse the archived bytes into staging, unless a load has ended already.

    A file with damaged bytes is left out of a group; alone it raises ArchiveError.
    """
    staged = []
    with connect(read_login()) as connection:
        is_alone = len(references) == 1
        for load, profile in _read_loads(connection, references, is_alone=is_alone):
            with recording_failure(connection, load.source, load.scope, is_alone=is_alone):
                if has_ended(connection, load):
                    log.info("%s of %s is accounted for (load %s)", load.scope.label, load.data_date, load.load_id)
                else:
                    rows = stage(connection, profile, load, read_settings().province)
                    log.info("%s of %s: %d rows staged (load %s)", load.scope.label, load.data_date, rows, load.load_id)
                staged.append(load.to_reference())
    return staged


def audit_loads(staged: object) -> list[list[LoadReference]]:
    """Judge the staged rows of all loads together, but of those that have ended; returns the groups for publish.

    A load that can't be judged is left out of its group and stops no other.
    """
    login = read_login()
    with connect(login) as connection:
        groups = [_read_loads(connection, references, is_alone=False) for references in _list_groups(staged)]
        waiting = [pair for group in groups for pair in group if not has_ended(connection, pair[0])]
        loads, failures = [load for load, _ in waiting], {}
        if loads:
            profile = waiting[0][1]
            failures = judge_all(connection, login, profile, loads, read_settings().province, current_run_id())
        for load in loads:
            if why := failures.get(load.load_id):
                record_failure(connection, load.source, load.scope, current_day(), current_run_id(), why)
                log.warning("%s: %s", load.scope.label, why)
    return [[load.to_reference() for load, _ in group if load.load_id not in failures] for group in groups]


def publish_loads(references: list[LoadReference]) -> list[str]:
    """Publish each load in a transaction of its own, or stop it; returns the names of those that are accounted for.

    A stopped answer fails the task, a stopped file doesn't. The sender of a file gets a rejection report for it or for
    its rejected rows, and a receipt where another file of the day replaces it.
    """
    login = read_login()
    ended = []
    with connect(login) as connection:
        loads = _read_loads(connection, references, is_alone=len(references) == 1)
        for load, profile in sort_by_newest_day(connection, loads):
            if not has_ended(connection, load):
                # Among files that came together, those of earlier closing days are the history of the later ones.
                has_new_history = profile.is_judged_by_history and len(loads) > 1
                make_ready = judge if has_new_history else ensure_judged
                make_ready(connection, login, profile, [load], read_settings().province, current_run_id())
                _publish(connection, profile, load)
            if not load.is_file or _report_rejections(connection, profile, load):
                ended.append(load.scope.name)
        files = [load for load, _ in loads if load.is_file]
        if files:
            write_receipts(connection, loads[0][1], files)
    return ended


def close_source(source: str, planned: list[list[LoadReference]] | None, published: object) -> None:
    """Write the quality page and record that the ingest has ended; fails when a window or file is missing."""
    day, run_id = current_day(), current_run_id()
    if planned is None:
        with connect(read_login()) as connection:  # it has ended, badly: attainment need not wait for it
            open_run(connection, source, day, run_id)
            close_run(connection, source, day, run_id)
        raise AirflowFailException(f"{source}: the run could not be planned, see the log of plan_loads")
    scopes = [read_scope(reference) for group in planned for reference in group]
    with connect(read_login()) as connection:
        if not is_open_run(connection, source, day, run_id):
            raise AirflowSkipException(f"{source} is skipped in this run")
        page, trouble = _write_page(connection, source, day, run_id)
        close_run(connection, source, day, run_id)
        outcomes = list_outcomes(connection, source, run_id, scopes)
    ended = {name for names in _read_results(published) for name in names}
    troubles = [describe_failures(summarize_run(scopes, ended, outcomes, day)), trouble]
    if any(troubles):
        described = " ".join(filter(None, troubles))
        see = f"{page}, and ops.load" if page else "ops.load"
        raise AirflowFailException(
            f"{source}, data date {day}: {described} See {see} where status <> 'published'. Runbook: docs/runbook.md"
        )
    log.info("quality page: %s", page)


def report_dirty_dates(source: str) -> None:
    """Signal that computed days have to be computed again; skips when none has."""
    current_day()  # a run for a declined day has nothing to signal
    with connect(read_login()) as connection:
        if not has_dirty_results(connection, read_settings().province):
            raise AirflowSkipException(f"{source}: no computed day has changed")


def _write_page(connection: psycopg.Connection, source: str, day: date, run_id: str) -> tuple[Path | None, str]:
    """The quality page; where it can't be written, the reason: published rows stay published."""
    try:
        return write_page(connection, read_settings().pages, source, day, run_id), ""
    except OSError as error:
        trouble = f"The quality page can't be written ({error}); all that it would show is in the warehouse."
        log.warning("%s", trouble)
        return None, trouble


def _publish(connection: psycopg.Connection, profile: Profile, load: Load) -> None:
    outcome = publish(connection, profile, load, current_run_id())
    log.info(
        "%s of %s: %d received, %d accepted, %d quarantined, %d changed",
        load.scope.label, load.data_date, outcome.received, outcome.accepted, outcome.quarantined, outcome.changed,
    )  # fmt: skip
    if outcome.status not in load.scope.final_statuses:
        raise LoadStoppedError(outcome.error)
    if outcome.error:
        log.warning("%s", outcome.error)


def _report_rejections(connection: psycopg.Connection, profile: Profile, load: Load) -> bool:
    """Whether the sender of a file has its rejection report. Its accepted rows count either way."""
    try:
        file_rejection_report(connection, profile, load)
    except (OSError, ValueError, ArchiveError, SourceError) as error:
        trouble = (
            f"{load.scope.label}: its rejection report can't be written ({error}); correct that, run the day again"
        )
        record_failure(connection, load.source, load.scope, current_day(), current_run_id(), trouble)
        log.warning("%s", trouble)
        return False
    return True


def _list_groups(staged: object) -> list[list[LoadReference]]:
    """The groups in the results of the mapped tasks, at least one, which may be empty: see ``Plan.group``.

    Airflow gives a list of them or, for a single task, its group.
    """
    groups = _read_results(staged)
    return [groups] if not groups or isinstance(groups[0], dict) else groups


def _read_results(results: object) -> list[Any]:
    """The results of the mapped tasks. A slice gets all of them; Airflow's iterator ends with an error in the log."""
    return list(results[:]) if isinstance(results, Sequence) else []


def _name_map_index(scopes: Sequence[LoadScope]) -> None:
    if len(scopes) == 1:
        name = scopes[0].label
    else:
        name = MESSAGES.format("task.files", count=len(scopes)) if scopes else MESSAGES.format("task.nothing_new")
    name_map_index(name[:MAX_INDEX_NAME])


def _read_loads(
    connection: psycopg.Connection, references: list[LoadReference], *, is_alone: bool
) -> list[tuple[Load, Profile]]:
    """The loads of references with their profiles; a load whose capture is damaged is left out, unless ``is_alone``."""
    loads: list[Load] = []
    scopes = [read_scope(reference) for reference in references]
    _name_map_index(scopes)
    for reference, scope in zip(references, scopes, strict=True):
        with recording_failure(connection, reference["source"], scope, is_alone=is_alone):
            loads.append(Load.from_reference(reference))
    profiles = {source: _read_profile(source) for source in {load.source for load in loads}}
    return [(load, profiles[load.source]) for load in loads]


def _read_profile(source: str) -> Profile:
    return read_profile(SOURCES / f"{source}.yaml")


def _open_archive(source: str) -> Archive:
    settings = read_settings()
    return Archive(settings.archive, source, settings.province)
