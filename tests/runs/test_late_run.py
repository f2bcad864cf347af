"""Airflow, off at the hour of a run, comes back: its own scheduler notifies operators, and once."""

from __future__ import annotations

import io
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
import requests

from cchc.local import services
from cchc.local.airflow_home import airflow_environment
from cchc.local.embedded import Database, open_database, stop_if_unused
from cchc.local.warehouse import prepare_warehouse
from cchc.settings import CHECKOUT
from tests.alerts.smtp_server import Mail, MailServer, serve_mail
from tests.conftest import open_folder

pytestmark = pytest.mark.timeout(300)

AFTER_THE_HOUR = "2025-01-01T07:30:00+07:00"
LAST_READY = "insert into ops.attainment_run values ('H58', '2024-12-30', 'test', '2024-12-31T04:45:00+07:00')"
RECIPIENTS = """
recipients:
  - id: operators
    name_vi: Bộ phận vận hành
    audience: operators
    channel: email
    address: operators@example.invalid
"""
# Like an out-of-memory kill: no code of the task survives to report it.
KILLED = """
import os, signal
from airflow.sdk import DAG, task
from pendulum import datetime
from cchc.tasks.policy import RUN_CALLBACKS, TASK_DEFAULTS

with DAG("killed", schedule="@once", start_date=datetime(2025, 1, 1), default_args=TASK_DEFAULTS, **RUN_CALLBACKS):
    task(task_id="kill", retries=0)(lambda: os.kill(os.getpid(), signal.SIGKILL))()
"""


def wait_for(find: Callable[[], Any], what: str, seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < deadline, f"{what} within {seconds} s"
        time.sleep(0.3)
    return found


@dataclass(frozen=True)
class Airflow:
    """An Airflow that is up, the mail server of its operators, its warehouse and its API."""

    database: Database
    mail_server: MailServer
    address: str
    headers: dict[str, str]

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database.url("cchc_owner")) as connection:
            return connection.execute(statement.encode()).fetchall()

    def run_alerts(self) -> None:
        """One more run of the DAG ``alerts``, to its end."""
        assert self.run("alerts") == ("success", 1)

    def run(self, dag_id: str, **conf: str) -> tuple[str, int]:
        """A run of a DAG by REST, to its end; its state, and how often its tasks were tried at most."""
        runs = f"{self.address}/api/v2/dags/{dag_id}/dagRuns"
        asked = {"logical_date": None, "conf": conf}
        run = requests.post(runs, json=asked, headers=self.headers, timeout=30).json()

        def find_end() -> str | None:
            found = requests.get(f"{runs}/{run['dag_run_id']}", headers=self.headers, timeout=30).json()
            return found["state"] if found["state"] in ("success", "failed") else None

        state = str(wait_for(find_end, f"the run of {dag_id} ends"))
        tasks = requests.get(f"{runs}/{run['dag_run_id']}/taskInstances", headers=self.headers, timeout=30).json()
        return state, max(task["try_number"] for task in tasks["task_instances"])

    def list_mails(self, words: str) -> list[Mail]:
        return [mail for mail in self.mail_server.mails if words in mail.content.get_body(("plain",)).get_content()]


@pytest.fixture(scope="module")
def airflow() -> Iterator[Airflow]:
    """The Airflow of `make up` on a warehouse that lacks the last day, started after the hour of its run."""
    with open_folder() as folder, serve_mail("none") as mail_server, pytest.MonkeyPatch.context() as patch:
        home, dags, recipients = folder / "home", folder / "dags", folder / "recipients.yaml"
        dags.mkdir()
        for name in ("alerts.py", "attainment.py"):
            shutil.copy(CHECKOUT / "dags" / name, dags)
        (dags / "killed.py").write_text(KILLED, encoding="utf-8")
        recipients.write_text(RECIPIENTS, encoding="utf-8")
        extra = {"sender": "cchc@example.invalid", "security": "none"}
        smtp = {"conn_type": "smtp", "host": "127.0.0.1", "port": mail_server.port, "extra": extra}
        patch.setenv("AIRFLOW_CONN_ALERTS_SMTP", json.dumps(smtp))
        patch.setenv("CCHC_RECIPIENTS", str(recipients))
        patch.setenv("CCHC_NOW", AFTER_THE_HOUR)
        patch.setattr(
            services,
            "airflow_environment",
            lambda *about: airflow_environment(*about) | {"AIRFLOW__CORE__DAGS_FOLDER": str(dags)},
        )
        try:
            with open_database(home) as database:
                prepare_warehouse(database)
                with psycopg.connect(database.url("cchc_loader")) as connection:
                    connection.execute(LAST_READY)
                with redirect_stdout(io.StringIO()) as output:
                    services.start_services(home)
                address, password = output.getvalue().split()[3], output.getvalue().split()[-1]
                user = {"username": "admin", "password": password}
                token = requests.post(f"{address}/auth/token", json=user, timeout=30).json()["access_token"]
                yield Airflow(database, mail_server, address, {"Authorization": f"Bearer {token}"})
        finally:
            services.stop_services(home)
            stop_if_unused(home)


def test_late_run_is_notified_once_when_the_scheduler_comes_back_after_the_hour(airflow: Airflow) -> None:
    late = "Đêm 31/12/2024"
    wait_for(lambda: airflow.list_mails(late), "the message about the late run comes")
    airflow.run_alerts()
    (mail,) = airflow.list_mails(late)
    text = mail.content.get_body(("plain",)).get_content()
    assert mail.addresses == ["operators@example.invalid"]
    assert "đến 06:30 ngày 01/01/2025 vẫn chưa có kết quả" in text
    assert "docs/runbook.md, mục “A run is late”" in text


def test_task_whose_process_is_killed_is_notified_by_its_run(airflow: Airflow) -> None:
    wait_for(lambda: airflow.query("select alert_id from ops.alert where kind = 'run_failed'"), "the alert is opened")
    airflow.run_alerts()
    (mail,) = airflow.list_mails("killed, đêm")
    text = mail.content.get_body(("plain",)).get_content()
    assert "tác vụ kill: bị ngắt, không để lại lỗi" in text
    assert "docs/runbook.md, mục “A run failed”" in text


@pytest.mark.parametrize(
    ("dag_id", "conf"),
    [
        ("attainment", {"date": "2042-12-31"}),
        ("attainment", {"date": "2024-12-31", "through": "2024-12-30"}),
        ("attainment", {"day": "2024-12-31"}),
        ("alerts", {"date": "2024-12-31"}),
    ],
    ids=["a day that isn't over", "through before date", "an unknown parameter", "a day where none is asked for"],
)
def test_declined_run_stores_nothing_is_tried_once_and_notifies_no_one(
    airflow: Airflow, dag_id: str, conf: dict[str, str]
) -> None:
    assert airflow.run(dag_id, **conf) == ("failed", 1)
    airflow.run_alerts()  # by then the callbacks of the failed run have been called too
    assert airflow.query("select count(*) from mart.indicator") == [(0,)]
    assert airflow.query(f"select subject from ops.alert where kind = 'run_failed' and subject like '{dag_id}%'") == []
    assert airflow.list_mails(f"{dag_id}, đêm") == []
