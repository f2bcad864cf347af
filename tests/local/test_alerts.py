"""`make ack`, `make snooze` and `make alerts-dry-run` of an installation: their effects and their errors."""

from __future__ import annotations

import getpass
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from cchc.local.embedded import Database, open_database
from cchc.local.warehouse import prepare_warehouse
from cchc.settings import CHECKOUT
from tests.alerts.attainment_fixture import AttainmentFixture, make_recipient

# It belongs to another province, so no evaluation here reads it.
ALERT = """
insert into ops.alert (
    alert_id, kind, severity, audience, status, province_code, subject, began_on, as_of_date, is_notified, facts,
    opened_at
) values (%s, 'source_late', 'warning', 'operators', 'open', 'H99', %s, '2024-06-01', '2024-06-01', true, '{}', now())
"""
OVER = """
update ops.alert set status = 'resolved', resolution = 'recovered', resolved_on = '2024-06-09', resolved_at = now()
where alert_id = %s
"""
NOW = "2024-06-10T08:00:00+07:00"
FIRST = date(2024, 6, 3)
RECIPIENTS = """
recipients:
  - {id: lanh-dao, name_vi: Lãnh đạo, audience: performance, channel: email, address: lanh-dao@tinh.example,
     agencies: [H58], with_below: true}
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """An installation whose server runs during the tests of this file; each test has alerts of its own."""
    with open_database(tmp_path_factory.mktemp("alerted"), settings={"fsync": "off"}) as database:
        prepare_warehouse(database)
        yield database


def open_alert(database: Database, alert_id: str) -> str:
    """An open alert, about a source that has its identifier's name."""
    with psycopg.connect(database.url("cchc_loader")) as connection:
        connection.execute(ALERT, [alert_id, f"source {alert_id}"])
    return alert_id


def end_alert(database: Database, alert_id: str) -> None:
    with psycopg.connect(database.url("cchc_loader")) as connection:
        connection.execute(OVER, [alert_id])


def read_answer(database: Database, alert_id: str) -> tuple[object, ...]:
    """Status and snooze of an alert; person, reason and last day of its step."""
    with psycopg.connect(database.url("cchc_analyst")) as connection:
        row = connection.execute(
            "select a.status, a.snoozed_until, s.step, s.by_whom, s.why, s.until_date from ops.alert as a"
            " left join ops.alert_step as s using (alert_id) where a.alert_id = %s",
            [alert_id],
        ).fetchone()
    assert row
    return row


def run(command: list[str], database: Database, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command in the environment of this process, without what an outer make or Airflow put there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "AIRFLOW_"))}
    environment = {**kept, "PYTHONPATH": "plugins:.", "CCHC_HOME": str(database.home), "CCHC_NOW": NOW, **variables}
    return subprocess.run(command, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)


def run_local(database: Database, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command, *rest = arguments
    return run([sys.executable, "-m", "cchc.local", command, "--", *rest], database, **variables)


def ack(database: Database, alert: str, why: str = "đang rà soát", until: str = "", who: str = "") -> str:
    """The output of `make ack`: standard output after success, else standard error."""
    ran = run_local(database, "ack", alert, why, until, who)
    assert (ran.returncode == 0) is bool(ran.stdout)
    return ran.stdout or ran.stderr


def test_ack_finds_an_alert_by_the_beginning_of_its_identifier(installed: Database) -> None:
    alert = open_alert(installed, "1a2b3c4d-0000-5000-8000-000000000000")
    ran = ack(installed, "1A2B3C4D", until="2024-07-15", who="Sở Nội vụ")
    assert ran == f"{alert} (source_late source {alert}): acknowledged until 2024-07-15\n"
    assert read_answer(installed, alert) == (
        "acknowledged", None, "acknowledged", "Sở Nội vụ", "đang rà soát", date(2024, 7, 15),
    )  # fmt: skip


def test_ack_without_day_and_name_is_by_the_user_until_the_alert_ends(installed: Database) -> None:
    alert = open_alert(installed, "2a2b3c4d-0000-5000-8000-000000000000")
    assert ack(installed, alert).endswith("acknowledged until it is over\n")
    assert read_answer(installed, alert)[2:] == ("acknowledged", getpass.getuser(), "đang rà soát", None)


def test_make_passes_reason_and_name_unchanged(installed: Database) -> None:
    alert = open_alert(installed, "3a2b3c4d-0000-5000-8000-000000000000")
    why, who = 'it\'s "$HOME" $(shell echo harm) `id` $$ \\n', "Ủy ban 'A' $x"
    command = [
        "make",
        "--no-print-directory",
        "snooze",
        "ALERT=3a2b3c4d",
        f"WHY={why}",
        "UNTIL=2024-06-30",
        f"WHO={who}",
    ]
    ran = run(command, installed)
    assert ran.stdout == f"{alert} (source_late source {alert}): snoozed until 2024-06-30\n"
    assert read_answer(installed, alert) == ("open", date(2024, 6, 30), "snoozed", who, why, date(2024, 6, 30))


def test_ack_in_another_warehouse_acts_as_the_loader(installed: Database, tmp_path: Path) -> None:
    alert = open_alert(installed, "4a2b3c4d-0000-5000-8000-000000000000")
    login = {
        "conn_type": "postgres", "host": installed.host, "port": installed.port, "schema": "cchc",
        "login": "postgres", "password": installed.credentials["postgres"],
    }  # fmt: skip
    elsewhere = {"CCHC_HOME": str(tmp_path / "home"), "AIRFLOW_CONN_WAREHOUSE": json.dumps(login)}
    ran = run_local(installed, "ack", alert, "đang rà soát", "", "", **elsewhere)
    assert (ran.returncode, read_answer(installed, alert)[0]) == (0, "acknowledged")


def test_ambiguous_beginning_is_an_error_with_its_candidates(installed: Database) -> None:
    alerts = [open_alert(installed, f"5a2b3c4d-000{n}-5000-8000-000000000000") for n in (1, 2)]
    named = "".join(f"\n  {alert} (source_late source {alert})" for alert in alerts)
    assert ack(installed, "5a2b3c4d") == f"2 open alerts begin with 5a2b3c4d, give more of one:{named}\n"
    assert {read_answer(installed, alert)[0] for alert in alerts} == {"open"}


def test_ended_alert_hides_no_open_one(installed: Database) -> None:
    over, alert = (open_alert(installed, f"6a2b3c4d-000{n}-5000-8000-000000000000") for n in (1, 2))
    end_alert(installed, over)
    assert ack(installed, "6a2b3c4d").startswith(alert)


def test_ended_alert_is_an_error_with_its_last_day(installed: Database) -> None:
    alert = open_alert(installed, "7a2b3c4d-0000-5000-8000-000000000000")
    end_alert(installed, alert)
    ran = f"{alert} (source_late source {alert}) is over since 2024-06-09: there is nothing left to answer\n"
    assert ack(installed, "7a2b3c4d") == ran


def test_unknown_alert_is_an_error_with_the_query_that_lists_them(installed: Database) -> None:
    alert = open_alert(installed, "8a2b3c4d-0000-5000-8000-000000000000")
    message, _, query = ack(installed, "8a2b3c4e").partition("; the open ones: make sql Q=")
    assert message == "no alert begins with 8a2b3c4e"
    listed = run_local(installed, "sql", json.loads(query))
    assert f"{alert},source_late,source {alert},2024-06-01" in listed.stdout.splitlines()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("ack", "9a2b3c4d", " ", "", ""), "give a reason: make ack ALERT="),
        (("snooze", "9a2b3c4d", "", "2024-06-30", ""), "give a reason: make snooze ALERT="),
        (("ack", "9a2", "vì", "", ""), "name an alert by the beginning of its identifier, as messages do: make ack"),
        (("ack", "", "vì", "", ""), "name an alert by the beginning of its identifier, as messages do: make ack"),
        (("snooze", "9a2b3c4d", "vì", "", ""), "name the last day: make snooze ALERT="),
        (("ack", "9a2b3c4d", "vì", "30/06/2024", ""), "UNTIL='30/06/2024' is no day: make ack ALERT="),
        (("snooze", "9a2b3c4d", "vì", "2024-02-30", ""), "UNTIL='2024-02-30' is no day: make snooze ALERT="),
        (("ack", "9a2b3c4d", "vì", "2024-06-09", ""), "UNTIL=2024-06-09 is over, today is 2024-06-10: make ack ALERT="),
        (
            ("snooze", "9a2b3c4d", "vì", "2042-07-15", ""),
            "UNTIL=2042-07-15 is too far, the last day that may be given today is 2024-09-10: make snooze ALERT=",
        ),
        (("ack", "9a2b3c4d", "vì", "2024-09-11", ""), "UNTIL=2024-09-11 is too far, the last day that may be given "),
        (("alerts-dry-run", ""), "DATE='' is no day: make alerts-dry-run DATE="),
        (("alerts-dry-run", "2024-02-30"), "DATE='2024-02-30' is no day: make alerts-dry-run DATE="),
        (
            ("alerts-dry-run", "2042-12-31"),
            "DATE=2042-12-31: 2042-12-31 is not over yet, the newest day that is over is 2024-06-09. ",
        ),
        (("alerts-dry-run", "2023-12-31"), "DATE=2023-12-31: 2023-12-31 is before 2024-01-01"),
    ],
)
def test_missing_or_wrong_argument_is_an_error_with_an_example(
    installed: Database, arguments: tuple[str, ...], expected: str
) -> None:
    answered = run_local(installed, *arguments)
    assert (answered.returncode, answered.stdout) == (1, "")
    assert answered.stderr.startswith(expected)
    assert answered.stderr.count("\n") == 1


@pytest.fixture(scope="module")
def attained(installed: Database) -> date:
    """The newest day of the installation: the province is below its target on the last two days."""
    with psycopg.connect(installed.url("cchc_loader"), autocommit=True) as connection:
        attainment = AttainmentFixture(connection, (make_recipient("leader"),))
        attainment.add_indicator()
        attainment.add_agency("H58", "Tỉnh Tiền Giang", "province")
        for number, value in enumerate((46, 44, 44)):
            attainment.put(FIRST + timedelta(days=number), value)
    return FIRST + timedelta(days=2)


@pytest.fixture
def recipients(tmp_path: Path) -> Path:
    file = tmp_path / "recipients.yaml"
    file.write_text(RECIPIENTS, encoding="utf-8")
    return file


def test_dry_run_prints_the_messages_and_stores_nothing(installed: Database, attained: date, recipients: Path) -> None:
    ran = run_local(installed, "alerts-dry-run", str(attained), CCHC_RECIPIENTS=str(recipients))
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(f"Run of {attained}: 1 messages\n\n== to lanh-dao (performance) by email")
    with psycopg.connect(installed.url("cchc_analyst")) as connection:
        left = connection.execute("select count(*) from ops.alert where kind = 'missed'").fetchone()
    assert left == (0,)


def test_dry_run_of_a_day_without_attainment_names_the_newest(installed: Database, attained: date) -> None:
    ran = run_local(installed, "alerts-dry-run", "2024-06-09")
    assert (ran.returncode, ran.stdout) == (1, "")
    wanted = f"DATE=2024-06-09 has no attainment, the newest day that has is {attained}: make nightly DATE=2024-06-09\n"
    assert ran.stderr.endswith(wanted)


def test_dry_run_names_mistakes_of_the_recipients(installed: Database, recipients: Path) -> None:
    recipients.write_text(RECIPIENTS.replace("channel: email", "channel: fax"), encoding="utf-8")
    ran = run_local(installed, "alerts-dry-run", str(FIRST), CCHC_RECIPIENTS=str(recipients))
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.splitlines()[-1].startswith("recipients.yaml, recipient lanh-dao, field channel: ")
