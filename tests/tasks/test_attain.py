"""Which runs of the attainment wait for the sources."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from cchc.days import LOCAL
from cchc.tasks import context
from cchc.tasks.attain import wait_for_sources
from tests.conftest import Warehouse

# Not over yet for the real clock, so that its 06:00 is still to come; over by the clock that the run lives by.
DAY = datetime.now(LOCAL).date() + timedelta(days=1)
LATER = datetime.now(UTC) + timedelta(days=3)


@pytest.fixture
def run(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives what the sensor says in a run of some type, while a configured source hasn't finished the day."""
    server = warehouse.server
    login = {
        "conn_type": "postgres", "host": server.host, "port": server.port, "schema": warehouse.database,
        "login": "cchc_loader", "password": server.credentials["cchc_loader"],
    }  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(login))
    monkeypatch.setenv("AIRFLOW_CONN_TREASURY", json.dumps({"conn_type": "http", "host": "http://127.0.0.1:9"}))
    monkeypatch.setenv("CCHC_NOW", LATER.isoformat())

    def wait(run_type: str, day: date = DAY) -> bool:
        dag_run = SimpleNamespace(partition_key=day.isoformat(), run_after=LATER, run_type=run_type)
        dag = SimpleNamespace(dag_id="attainment", params={"date": None})
        told = {"dag": dag, "dag_run": dag_run, "params": {"date": None}}
        monkeypatch.setattr(context, "get_current_context", lambda: told)
        return bool(wait_for_sources().is_done)

    return wait


def test_scheduled_run_waits_for_a_source_that_is_configured_and_has_not_finished(run: Any) -> None:
    assert not run("scheduled")


@pytest.mark.parametrize("run_type", ["manual", "backfill"])
def test_run_that_a_person_began_waits_for_nothing(run: Any, run_type: str) -> None:
    assert run(run_type)
