"""Callbacks of failed and successful runs, the check for late runs, and messages with and without a warehouse."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from airflow.sdk.log import mask_secret

from cchc.alerts.notification.outbox import compose_due
from cchc.alerts.notification.rendering import Content
from cchc.mistake import CatalogError
from cchc.settings import CHECKOUT, read_now
from cchc.tasks.alerts import read_alerting
from cchc.tasks.operations import check_and_deliver, report_failed_run, report_successful_run
from tests.alerts.smtp_server import MailServer, serve_mail
from tests.conftest import Warehouse

DAY = date(2024, 12, 31)
MORNING, RUN_AFTER = "2025-01-01T05:00:00+07:00", datetime(2024, 12, 31, 21, 35, tzinfo=UTC)
RECIPIENTS = """
recipients:
  - id: operators
    name_vi: Bộ phận vận hành
    audience: operators
    channel: email
    address: operators@example.invalid
  - id: leaders
    name_vi: Lãnh đạo
    audience: performance
    channel: email
    address: leaders@example.invalid
    agencies: [H58]
"""


def name_smtp(port: int) -> str:
    extra = {"sender": "cchc@example.invalid", "security": "none"}
    return json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra})


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with serve_mail("none") as server:
        yield server


@pytest.fixture
def installation(
    warehouse: Warehouse, mail_server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Warehouse:
    """A warehouse and operators, named by a task's environment, on the morning after DAY."""
    recipients = tmp_path / "recipients.yaml"
    recipients.write_text(RECIPIENTS, encoding="utf-8")
    server = warehouse.server
    login = {
        "conn_type": "postgres", "host": server.host, "port": server.port, "schema": warehouse.database,
        "login": "cchc_loader", "password": server.credentials["cchc_loader"],
    }  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(login))
    monkeypatch.setenv("AIRFLOW_CONN_ALERTS_SMTP", name_smtp(mail_server.port))
    monkeypatch.setenv("CCHC_HOME", str(tmp_path))
    monkeypatch.setenv("CCHC_RECIPIENTS", str(recipients))
    monkeypatch.setenv("CCHC_NOW", MORNING)
    return warehouse


@pytest.fixture
def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


@pytest.fixture
def unreachable(installation: Warehouse, monkeypatch: pytest.MonkeyPatch, closed_port: int) -> None:  # noqa: ARG001
    login = {"conn_type": "postgres", "host": "127.0.0.1", "port": closed_port, "schema": "cchc", "login": "x"}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(login))


def end_task(task_id: str = "compute_days", error: Any = None, *, dag_id: str = "attainment", day: date = DAY) -> Any:
    """The context of Airflow's callback at the end of a task."""
    return {
        "dag": SimpleNamespace(dag_id=dag_id, params={"date": None, "through": None}),
        "dag_run": SimpleNamespace(
            partition_key=day.isoformat(),
            run_type="scheduled",
            logical_date=None,
            run_after=RUN_AFTER,
            start_date=RUN_AFTER,
            clear_number=0,
        ),
        "params": {"date": None},
        "run_id": "scheduled__2024-12-31T21:35:00+00:00",
        "ti": SimpleNamespace(task_id=task_id, log_url=f"http://127.0.0.1:8766/dags/{dag_id}/tasks/{task_id}"),
        "exception": error,
    }


def list_alerts(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.query("select kind, subject, severity, audience, status from ops.alert order by opened_at")


def list_notifications(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.query(
        "select n.recipient, s.step, n.is_urgent from ops.notification as n"
        " inner join ops.alert_step as s using (step_id) order by notification_id"
    )


def read_details(warehouse: Warehouse) -> str:
    ((details,),) = warehouse.query("select facts ->> 'details_vi' from ops.alert")
    return str(details)


def test_failed_tasks_of_a_run_open_one_urgent_alert_for_operators(installation):
    report_failed_run(end_task("load.fetch_loads", ValueError("no")))
    report_failed_run(end_task("close_source", ValueError("one window is missing")))
    report_failed_run(end_task("load.fetch_loads", ValueError("no again")))
    assert list_alerts(installation) == [("run_failed", "attainment", "urgent", "operators", "open")]
    assert list_notifications(installation) == [("operators", "opened", True)]


def test_alert_names_the_task_the_first_line_of_its_error_and_its_log(installation):
    report_failed_run(end_task("stage", ValueError("the first line\nand the second")))
    assert read_details(installation) == (
        "tác vụ stage: ValueError: the first line; nhật ký: http://127.0.0.1:8766/dags/attainment/tasks/stage"
    )


def test_secret_that_airflow_knows_is_masked(installation):
    mask_secret("8f31c0-treasury")  # no word that another test of this process has had masked
    report_failed_run(end_task("stage", ValueError("refused: 8f31c0-treasury")))
    assert "ValueError: refused: ***" in read_details(installation)


def spoil_recipients() -> None:
    with Path(os.environ["CCHC_RECIPIENTS"]).open("a", encoding="utf-8") as file:
        file.write("  - id: Sở Y tế\n")


@pytest.mark.usefixtures("installation")
def test_mistake_in_another_recipient_does_not_suppress_a_failure(mail_server):
    spoil_recipients()
    report_failed_run(end_task("stage"))
    with pytest.raises(CatalogError, match=r"recipients.yaml, recipient Sở Y tế, field id: "):
        check_and_deliver()
    assert [mail.addresses for mail in mail_server.mails] == [["operators@example.invalid"]]


def test_message_for_a_recipient_with_a_mistake_waits_until_it_is_corrected(installation, mail_server):
    report_failed_run(end_task("stage"))
    with psycopg.connect(installation.url(), autocommit=True) as connection:
        compose_due(connection, read_alerting().recipients, read_now(), lambda *_: Content("Tin", "Tin", "Tin"))
    file = Path(os.environ["CCHC_RECIPIENTS"])
    good = file.read_text(encoding="utf-8")
    file.write_text(good.replace("operators@example.invalid", "nobody"), encoding="utf-8")
    with pytest.raises(CatalogError, match="recipient operators, field address"):
        check_and_deliver()
    assert (mail_server.mails, installation.query("select status from ops.message")) == ([], [("waiting",)])
    file.write_text(good, encoding="utf-8")
    check_and_deliver()
    assert len(mail_server.mails) == 1


def test_mistake_in_another_recipient_does_not_keep_an_alert_open(installation):
    report_failed_run(end_task("stage"))
    spoil_recipients()
    report_successful_run(end_task("stage"))
    assert installation.query("select status from ops.alert") == [("resolved",)]


def test_run_ended_at_the_keyboard_opens_no_alert(installation):
    report_failed_run(end_task("stage", KeyboardInterrupt()))
    assert list_alerts(installation) == []


def test_killed_process_opens_an_alert_without_an_error(installation):
    report_failed_run(end_task("stage"))
    assert "bị ngắt, không để lại lỗi" in read_details(installation)


def test_failed_run_of_which_airflow_names_only_the_dag_opens_an_alert(installation):
    dag = SimpleNamespace(dag_id="attainment", params={"date": None})
    report_failed_run({"dag": dag, "run_id": "manual__1", "reason": "all_tasks_deadlocked"})
    assert "manual__1" in read_details(installation)
    assert installation.query("select began_on from ops.alert") == [(DAY,)]


def test_failure_of_an_old_day_opens_no_alert_and_hides_none(installation):
    report_failed_run(end_task(day=date(2024, 12, 16)))
    assert installation.query("select count(*) from ops.alert") == [(0,)]
    report_failed_run(end_task())
    assert len(list_notifications(installation)) == 1


def test_successful_run_ends_the_alert_and_notifies_operators(installation):
    report_failed_run(end_task())
    report_successful_run(end_task())
    assert installation.query("select status, resolution, resolved_on from ops.alert") == [
        ("resolved", "recovered", DAY)
    ]
    assert list_notifications(installation) == [("operators", "opened", True), ("operators", "resolved", False)]


@pytest.mark.parametrize(
    "other", [{"dag_id": "ingest_eoffice"}, {"day": date(2024, 12, 30)}], ids=["another DAG", "an earlier day"]
)
def test_successful_run_of_another_dag_or_day_ends_nothing(installation, other):
    report_failed_run(end_task())
    report_successful_run(end_task(**other))
    assert list_alerts(installation) == [("run_failed", "attainment", "urgent", "operators", "open")]


def test_failure_after_a_success_reopens_the_alert(installation):
    for callback in (report_failed_run, report_successful_run, report_failed_run):
        callback(end_task())
    assert list_notifications(installation)[-1] == ("operators", "reopened", True)


# The first plan begins on 20 December, so that a day before it is no history.
DECLINED = [{"date": "2042-12-31"}, {"date": "2025-01-01"}, {"date": "2024-12-19"}, {"day": "2024-12-31"}]


@pytest.fixture
def late_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    (catalog / "plan_2024.yaml").write_text("province: H58\nvalid_from: 2024-12-20\n", encoding="utf-8")
    (catalog / "holidays.yaml").write_bytes((CHECKOUT / "include" / "catalog" / "holidays.yaml").read_bytes())
    monkeypatch.setenv("CCHC_CATALOG", str(catalog))


@pytest.mark.usefixtures("late_plan")
@pytest.mark.parametrize("params", DECLINED)
def test_declined_run_by_hand_opens_no_alert(installation, params):
    context = end_task("plan_loads")
    context["dag_run"].partition_key, context["dag_run"].run_type = None, "manual"
    report_failed_run(context | {"params": {"date": None, **params}})
    assert list_alerts(installation) == []


def test_declined_scheduled_run_opens_an_alert(installation):
    report_failed_run(end_task("plan_loads", ValueError("not over yet"), day=date(2042, 12, 31)))
    assert list_notifications(installation) == [("operators", "opened", True)]
    assert installation.query("select began_on from ops.alert") == [(DAY,)]


def end_range(first: str, last: str) -> Any:
    """The context of a run for several days."""
    context = end_task()
    context["dag_run"].partition_key, context["dag_run"].run_type = None, "manual"
    return context | {"params": {"date": first, "through": last}}


def test_failed_run_for_days_up_to_the_newest_is_a_failure_of_the_newest(installation):
    report_failed_run(end_range("2024-12-01", "2024-12-31"))
    assert installation.query("select subject, began_on, facts ->> 'subject_vi' from ops.alert") == [
        ("attainment", DAY, "attainment, các đêm từ 01/12/2024 đến 31/12/2024")
    ]


def test_successful_run_for_several_days_ends_the_alert_of_any_of_them(installation):
    report_failed_run(end_task())
    report_successful_run(end_range("2024-12-01", "2024-12-31"))
    assert installation.query("select status from ops.alert") == [("resolved",)]


def test_run_of_a_day_that_is_not_over_ends_no_alert(installation):
    report_failed_run(end_task())
    report_successful_run(end_task(day=date(2042, 12, 31)))
    assert list_alerts(installation) == [("run_failed", "attainment", "urgent", "operators", "open")]


def test_failure_of_an_old_day_does_not_hide_that_of_the_newest(installation):
    for day in (date(2024, 12, 20), date(2024, 12, 21), DAY):
        report_failed_run(end_task(day=day))
    statement = "select subject, began_on, status from ops.alert order by began_on"
    old, newest = ("attainment, older days", date(2024, 12, 20)), ("attainment", DAY)
    assert installation.query(statement) == [(*old, "open"), (*newest, "open")]
    report_successful_run(end_task(day=date(2024, 12, 22)))
    assert installation.query(statement) == [(*old, "resolved"), (*newest, "open")]
    report_successful_run(end_task())
    assert installation.query(statement) == [(*old, "resolved"), (*newest, "resolved")]


def test_run_that_fails_again_a_day_later_opens_no_second_alert(installation, monkeypatch):
    report_failed_run(end_task())
    monkeypatch.setenv("CCHC_NOW", "2025-01-02T09:00:00+07:00")
    report_failed_run(end_task())
    assert len(list_alerts(installation)) == 1


@pytest.mark.usefixtures("installation")
def test_failure_reaches_operators_by_mail_with_the_runbook_page(mail_server):
    report_failed_run(end_task("stage", ValueError("no room left")))
    check_and_deliver()
    (mail,) = mail_server.mails
    text = mail.content.get_body(("plain",)).get_content()
    assert mail.addresses == ["operators@example.invalid"]
    assert "ValueError: no room left" in text
    assert "docs/runbook.md, mục “A run failed”" in text


def test_due_messages_are_sent_although_the_check_for_late_runs_fails(installation, mail_server):
    report_failed_run(end_task())
    with psycopg.connect(installation.url("cchc_owner")) as connection:
        connection.execute("alter table ops.attainment_run rename to attainment_run_elsewhere")
    with pytest.raises(psycopg.errors.UndefinedTable):
        check_and_deliver()
    assert len(mail_server.mails) == 1


@pytest.mark.usefixtures("unreachable")
def test_without_a_warehouse_one_direct_message_is_sent_for_a_dag_and_day(mail_server):
    for task_id in ("wait_for_sources", "compute_days"):
        report_failed_run(end_task(task_id, psycopg.OperationalError("connection refused")))
    report_failed_run(end_task("plan_loads", dag_id="ingest_eoffice"))
    assert [mail.addresses for mail in mail_server.mails] == [["operators@example.invalid"]] * 2
    text = mail_server.mails[0].content.get_body(("plain",)).get_content()
    assert "attainment, đêm 31/12/2024" in text
    assert "Không ghi được vào kho dữ liệu: OperationalError: connection" in text
    assert "docs/runbook.md, mục “A run failed”" in text


@pytest.mark.usefixtures("unreachable")
def test_direct_message_that_failed_is_tried_with_the_next_failure(mail_server, monkeypatch, closed_port):
    monkeypatch.setenv("AIRFLOW_CONN_ALERTS_SMTP", name_smtp(closed_port))
    report_failed_run(end_task("wait_for_sources"))
    monkeypatch.setenv("AIRFLOW_CONN_ALERTS_SMTP", name_smtp(mail_server.port))
    report_failed_run(end_task("compute_days"))
    assert len(mail_server.mails) == 1


@pytest.mark.usefixtures("unreachable")
def test_failure_of_an_old_day_sends_no_direct_message(mail_server):
    report_failed_run(end_task(day=date(2024, 6, 1)))
    assert mail_server.mails == []
