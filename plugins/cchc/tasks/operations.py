"""Callbacks and tasks about the runs themselves: a run failed, a run succeeded, runs are late.

Airflow logs an error of a callback and keeps the run's outcome: no callback can make a failure worse. This module only
reads Airflow's context; ``cchc.alerts`` has the alerts and their messages.
"""

from __future__ import annotations

import logging

import psycopg
from airflow.sdk import Context
from airflow.sdk.log import redact  # type: ignore[attr-defined]  # defined there, not re-exported

from cchc.alerts.detection.failed_runs import (
    FailedRun,
    describe_run,
    describe_task,
    end_failures,
    is_history,
    make_failed_run,
    open_failure,
)
from cchc.alerts.detection.late_runs import check_late_runs
from cchc.alerts.lifecycle import AlertLifecycle
from cchc.alerts.notification.direct import send_directly
from cchc.calendar import DateRange, newest_complete_day
from cchc.settings import read_now, read_settings
from cchc.tasks.alerts import deliver_alerts, read_access, read_alerting
from cchc.tasks.context import RunDeclinedError, check_parameters, find_days, read_login
from cchc.warehouse.connection import connect

log = logging.getLogger(__name__)

MAX_ERROR_LENGTH = 200

# Airflow ends a task's process 20 s after the task, with any callback that still works.
CONNECT_SECONDS = 5


def run_alerts() -> None:
    """``check_and_deliver`` as the task of a DAG that has no data date; raises RunDeclinedError for any parameter."""
    check_parameters()
    check_and_deliver()


def check_and_deliver() -> None:
    """Check for late runs, then send the messages that are due; an error of the check doesn't stop the sending."""
    try:
        with connect(read_login()) as connection:
            late = check_late_runs(connection, read_alerting(), read_now())
        if late:
            log.warning("the runs for %s to %s were not ready by their hour", late.first, late.last)
    finally:
        deliver_alerts()


def report_failed_run(context: Context) -> None:
    """Open the operators' alert for a failed run: callback of a failed task and of the run itself.

    An old day, a declined run and an interruption at the keyboard open none: whoever started such a run knows. If the
    warehouse can't store the alert, a message goes out at once; a mistake in the recipients' file stops only the
    message to its own recipient.
    """
    if isinstance(context.get("exception"), KeyboardInterrupt):
        return
    alerting, now, failure = read_alerting(), read_now(), _describe_failure(context)
    if failure is None or is_history(failure, alerting.rules, now):
        return
    try:
        with connect(read_login(), connect_timeout=CONNECT_SECONDS) as connection, connection.transaction():
            open_failure(AlertLifecycle(connection, alerting, now), failure)
    except psycopg.Error as error:
        log.warning("the failure can't be stored in the warehouse: %s", error)
        folder = read_settings().home / "sent_directly"
        send_directly(alerting, failure, _describe_error(error), now, read_access, folder)


def report_successful_run(context: Context) -> None:
    """End the alerts of a DAG's failures for the days of a successful run and earlier ones: callback of the run."""
    try:
        dag_id, day = context["dag"].dag_id, find_days(context).last
    except RunDeclinedError:
        return
    with connect(read_login(), connect_timeout=CONNECT_SECONDS) as connection, connection.transaction():
        end_failures(AlertLifecycle(connection, read_alerting(), read_now()), dag_id, day)


def _describe_failure(context: Context) -> FailedRun | None:
    """The failed run of a callback's context. None: the run was declined, and a person started it and reads its log.

    A declined run of the schedule is a failure of the newest day, since nobody reads its log.
    """
    try:
        days = find_days(context)
    except RunDeclinedError:
        run = context.get("dag_run")
        if run is None or run.run_type == "manual":
            return None
        newest = newest_complete_day(read_now())
        days = DateRange.inclusive(newest, newest)
    ti, error = context.get("ti"), context.get("exception")
    if ti:
        details = describe_task(ti.task_id, None if error is None else _describe_error(error), ti.log_url)
    else:
        details = describe_run(context["run_id"])
    return make_failed_run(context["dag"].dag_id, days, details)


def _describe_error(error: BaseException | str) -> str:
    """The first line of an error, without the secrets that Airflow knows."""
    name = f"{type(error).__name__}: " if isinstance(error, BaseException) else ""
    first, *_ = str(error).strip().splitlines() or [""]
    return str(redact(f"{name}{first}"))[:MAX_ERROR_LENGTH]
