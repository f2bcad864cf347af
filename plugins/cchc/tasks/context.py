"""What a task knows of its run: the day, the connections, the settings."""

from __future__ import annotations

import json
import logging
from datetime import UTC, date, datetime
from typing import Any

from airflow.sdk import Connection, get_current_context
from airflow.sdk.exceptions import AirflowNotFoundException

from cchc.days import newest_complete_day
from cchc.warehouse.connection import Login

log = logging.getLogger(__name__)


def resolve_day(params: dict[str, Any], partition_key: str | None, now: datetime) -> date:
    """The day a run is for: its parameter ``date``, else its partition, else the newest day that is over."""
    if params.get("date"):
        return date.fromisoformat(params["date"])
    if partition_key:
        return date.fromisoformat(partition_key)
    return newest_complete_day(now)


def current_day() -> date:
    """The day that the current run is for."""
    context = get_current_context()
    run = context["dag_run"]
    started = getattr(run, "run_after", None) or datetime.now(UTC)
    return resolve_day(dict(context["params"]), getattr(run, "partition_key", None), started)


def current_run_id() -> str:
    """Airflow's id of the current run, with its DAG."""
    run = get_current_context()["dag_run"]
    return f"{run.dag_id}/{run.run_id}"


def name_map_index(name: str) -> None:
    """Let the UI show ``name`` in place of the number of a mapped task."""
    get_current_context()["window_name"] = name  # type: ignore[typeddict-unknown-key]


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
