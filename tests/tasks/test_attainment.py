"""Tasks of the attainment DAGs: which runs wait for the sources, which days are computed, which days are reported."""

from __future__ import annotations

import json
import logging
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from cchc.calendar import LOCAL, DateRange
from cchc.catalog import load_catalog
from cchc.settings import CHECKOUT
from cchc.sources.profile import read_all_profiles
from cchc.tasks import attainment, context
from cchc.tasks.attainment import check_planned, wait_for_sources
from tests.conftest import Warehouse

# Not over yet for the real clock, so that its 06:00 is still to come; over by the clock of the run.
DAY = datetime.now(LOCAL).date() + timedelta(days=1)
LATER = datetime.now(UTC) + timedelta(days=3)


def enter_run(monkeypatch: pytest.MonkeyPatch, run_type: str, day: date) -> None:
    """Have tasks of this process find themselves in a run for ``day``."""
    dag_run = SimpleNamespace(
        dag_id="attainment", run_id="test", partition_key=day.isoformat(), run_type=run_type, logical_date=None,
        run_after=LATER, start_date=LATER, clear_number=0,
    )  # fmt: skip
    dag = SimpleNamespace(dag_id="attainment", params={"date": None})
    given = {"dag": dag, "dag_run": dag_run, "params": {"date": None}}
    monkeypatch.setattr(context, "get_current_context", lambda: given)


@pytest.fixture
def connected(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """A warehouse, as the environment of a task names it."""
    server = warehouse.server
    login = {
        "conn_type": "postgres", "host": server.host, "port": server.port, "schema": warehouse.database,
        "login": "cchc_loader", "password": server.credentials["cchc_loader"],
    }  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(login))
    monkeypatch.setenv("CCHC_NOW", LATER.isoformat())
    return warehouse


@pytest.fixture
def run(connected: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ARG001 - as a task sees it
    """Whether the sensor is done in a run of some type, while a configured source hasn't finished the day."""
    monkeypatch.setenv("AIRFLOW_CONN_TREASURY", json.dumps({"conn_type": "http", "host": "http://127.0.0.1:9"}))

    def wait(run_type: str, day: date = DAY) -> bool:
        enter_run(monkeypatch, run_type, day)
        return bool(wait_for_sources().is_done)

    return wait


def test_wait_for_sources_waits_in_a_scheduled_run_for_a_configured_source(run: Any) -> None:
    assert not run("scheduled")


@pytest.mark.parametrize("run_type", ["manual", "backfill"])
def test_wait_for_sources_does_not_wait_in_a_run_that_a_person_started(run: Any, run_type: str) -> None:
    assert run(run_type)


def test_check_planned_declines_a_day_before_the_earliest_plan() -> None:
    catalog = load_catalog(CHECKOUT / "include" / "catalog", "H58")
    (first_day,) = (plan.valid_from for plan in catalog.plans)
    check_planned(catalog, DateRange.inclusive(first_day, first_day), "H58")
    day = first_day - timedelta(days=1)
    with pytest.raises(AirflowFailException, match=f"{day} is not computed: it is before {first_day}.*plan_2024.yaml"):
        check_planned(catalog, DateRange.inclusive(day, first_day), "H58")


@pytest.mark.parametrize("text", ["", "protocol: files"], ids=["no profile", "a rejected one"])
def test_compute_days_skips_without_connections_only_where_no_profile_is_rejected(
    connected: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    if text:
        (tmp_path / "registry.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(attainment, "read_all_profiles", lambda: read_all_profiles(tmp_path))
    enter_run(monkeypatch, "scheduled", DAY)
    with nullcontext() if text else pytest.raises(AirflowSkipException):
        attainment.compute_days()
    assert connected.query("select as_of_date from ops.attainment_run") == ([(DAY,)] if text else [])


def test_report_late_sources_names_a_day_that_is_not_over_and_the_command_that_removes_it(
    connected: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    connected.query(
        "insert into ops.ingest_run (source, data_date, run_id) values ('treasury', '2042-12-31', 'x'),"
        " ('treasury', '2024-12-31', 'x') returning data_date"
    )
    with caplog.at_level(logging.WARNING):
        attainment.report_late_sources()
    (line,) = [message for message in caplog.messages if "make withdraw" in message]
    assert line.endswith("make withdraw DATE=2042-12-31 removes it")
