"""A run by hand leaves the logs of its tasks where Airflow's pages look for them."""

from __future__ import annotations

import stat
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cchc.warehouse import catalog_sync
from tests.runs.conftest import Installation, _environment

# Airflow's reader leaves the files open.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
)

DAY = date(2024, 6, 30)


@pytest.fixture
def returns_alone(installation: Installation, tmp_path: Path) -> Installation:
    """An installation whose only source is an empty inbox, with logs of its own."""
    installation.connect_inbox()
    installation.sources.clear()
    installation.sources.add("returns")
    installation.environment["AIRFLOW__LOGGING__BASE_LOG_FOLDER"] = str(tmp_path / "logs")
    return installation


@pytest.fixture
def begun() -> datetime:
    """Before the test's own runs: the worker's runs of other tests are in the same tables."""
    return datetime.now(UTC)


def read_log(installation: Installation, begun: datetime, task_id: str, try_number: int = 1) -> list[dict[str, Any]]:
    """The log lines that the api-server shows of a task since ``begun``, by Airflow's own reader."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.log.file_task_handler import FileTaskHandler
    from airflow.utils.session import create_session
    from sqlalchemy import select

    query = select(TaskInstance).where(TaskInstance.task_id == task_id, TaskInstance.start_date >= begun)
    with _environment(installation.environment), create_session() as session:
        ti = session.scalars(query.order_by(TaskInstance.start_date.desc()).limit(1)).one()
        handler = FileTaskHandler(installation.environment["AIRFLOW__LOGGING__BASE_LOG_FOLDER"])
        lines, _ = handler.read(ti, try_number)
        return [line.model_dump() for line in lines]


def test_logs_of_good_and_failed_tasks_are_found_by_airflow(returns_alone, begun, tmp_path):
    recipients = tmp_path / "recipients.yaml"
    recipients.write_text("no_such_key: 1\n")
    returns_alone.environment["CCHC_RECIPIENTS"] = str(recipients)

    assert returns_alone.run_dags(DAY) == {"ingest_returns": "success", "attainment": "failed"}

    well = read_log(returns_alone, begun, "plan_loads")
    planned = ("returns, data date 2024-06-30: 0 windows and files", "info")
    assert planned in [(line["event"], line.get("level")) for line in well]
    assert not [line for line in well if line.get("level") in ("warning", "error", "critical")]
    (failed,) = [line for line in read_log(returns_alone, begun, "evaluate_alerts") if line.get("level") == "error"]
    assert failed["event"] == "Task failed with exception"
    assert "no_such_key" in failed["error_detail"][0]["exc_value"]
    assert failed["error_detail"][0]["frames"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "logs").rglob("*.log")} == {0o600}


def test_retry_comes_at_once_and_has_its_own_log(returns_alone, begun, monkeypatch):
    failing = [psycopg.OperationalError("the warehouse is away")]
    sync = catalog_sync.sync_catalog

    def sync_or_fail(*arguments: Any) -> None:
        if failing:
            raise failing.pop()
        sync(*arguments)

    monkeypatch.setattr(catalog_sync, "sync_catalog", sync_or_fail)
    assert returns_alone.run_dags(DAY) == {"ingest_returns": "success", "attainment": "success"}
    first, second = (read_log(returns_alone, begun, "sync_catalog", number) for number in (1, 2))
    assert "the warehouse is away" in str([line for line in first if line.get("level") == "error"])
    assert not [line for line in second if line.get("level") == "error"]
    waited = second[-1]["timestamp"] - first[-1]["timestamp"]
    assert waited.total_seconds() < 15, "the policy's 30 s are for a scheduler"


def test_unwritable_log_keeps_no_task_from_running(returns_alone):
    returns_alone.environment["AIRFLOW__LOGGING__BASE_LOG_FOLDER"] = "/dev/null/logs"
    assert returns_alone.run_dags(DAY) == {"ingest_returns": "success", "attainment": "success"}
