"""The context of a task: the data dates of its run, the connections, the names in Airflow's pages."""

from __future__ import annotations

import json
import logging
from datetime import date, datetime

from airflow.sdk import Connection, Context, get_current_context
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException
from airflow.sdk.types import DagRunProtocol

from cchc.calendar import DateRange, InvalidDateError, check_data_date, check_trigger, newest_complete_day, resolve_days
from cchc.catalog.first_day import read_first_day
from cchc.settings import read_now, read_settings
from cchc.warehouse.connection import Login

log = logging.getLogger(__name__)


class RunDeclinedError(AirflowFailException):
    """A run has a data date that no run may have, or a parameter that its DAG lacks; it fails without another try."""


def find_days(context: Context) -> DateRange:
    """The data dates of a run, by its context in Airflow. Raises RunDeclinedError.

    A callback gets little more than the DAG for a run in which no task ran: such a run is for the newest day. A
    scheduled run isn't compared with the first plan: nobody typed its day, and a mistake in that plan must not keep the
    sources from being asked.
    """
    now, settings, run = read_now(), read_settings(), context.get("dag_run")
    days = _resolve_days(context, now)
    is_typed = run is not None and run.run_type not in ("scheduled", "asset_triggered")
    first_day = read_first_day(settings.catalog, settings.province) if is_typed else None
    try:
        if run is not None and run.run_type == "manual":
            _check_trigger(context, run)
        for day in (days.start, days.last):
            check_data_date(day, now, first_day)
    except InvalidDateError as error:
        raise _decline(context, error) from error
    return days


def _check_trigger(context: Context, run: DagRunProtocol) -> None:
    """Decline a run by hand without ``date`` whose hour is of another day: it would seem to name its day."""
    if context["params"].get("date") or run.partition_key:
        return
    # A run that was cleared begins anew, maybe weeks later; its day is still that of its trigger.
    begun = run.run_after if run.clear_number else run.start_date
    check_trigger({"logical_date": run.logical_date, "run_after": run.run_after}, begun or run.run_after)


def check_parameters() -> None:
    """Decline a run with a parameter that its DAG lacks, for a run without a day. Raises RunDeclinedError."""
    _resolve_days(get_current_context(), read_now())


def _resolve_days(context: Context, now: datetime) -> DateRange:
    run = context.get("dag_run")
    started = run.run_after if run else now
    try:
        return resolve_days(
            asked=context.get("params", {}),
            known=tuple(context["dag"].params),
            partition_key=run.partition_key if run else None,
            newest=newest_complete_day(min(started, now)),
        )
    except InvalidDateError as error:
        raise _decline(context, error) from error


def _decline(context: Context, why: InvalidDateError) -> RunDeclinedError:
    return RunDeclinedError(f"{context['dag'].dag_id} is not run: {why}. Nothing was stored; trigger it anew")


def current_days() -> DateRange:
    """The data dates of the current run. Raises RunDeclinedError."""
    return find_days(get_current_context())


def current_day() -> date:
    """The data date of the current run, the first of several. Raises RunDeclinedError."""
    return current_days().start


def is_scheduled() -> bool:
    """Whether the schedule began the current run, not a person."""
    return bool(get_current_context()["dag_run"].run_type == "scheduled")


def current_run_id() -> str:
    """The id of the current run, with its DAG, as ops tables have it."""
    run = get_current_context()["dag_run"]
    return f"{run.dag_id}/{run.run_id}"


def name_map_index(name: str) -> None:
    """Let the UI show ``name`` in place of the number of a mapped task."""
    get_current_context()["load_name"] = name  # type: ignore[typeddict-unknown-key]


def read_connection(connection_id: str) -> Connection | None:
    """An Airflow connection, or None when it isn't set."""
    try:
        connection: Connection = Connection.get(connection_id)
    except AirflowNotFoundException:
        return None
    return connection


def read_login() -> Login:
    """The login of the connection ``warehouse``."""
    connection = read_connection("warehouse")
    if connection is None:
        raise LookupError(
            'the Airflow connection "warehouse" is not set; make run, nightly and up set it by themselves'
        )
    return Login(
        host=connection.host or "127.0.0.1",
        port=connection.port or 5432,
        database=connection.schema or "cchc",
        user=connection.login or "",
        password=connection.password or "",
        extra={name: str(value) for name, value in json.loads(connection.extra or "{}").items()},
    )
