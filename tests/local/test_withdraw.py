"""`make withdraw` of an installation: its lines, and how it declines before anything is changed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from cchc.alerts.recipients import read_recipients
from cchc.local.embedded import Database, open_database
from cchc.local.warehouse import prepare_warehouse
from cchc.local.withdraw import withdraw_day
from cchc.settings import CHECKOUT
from tests.alerts.attainment_fixture import AttainmentFixture
from tests.conftest import Warehouse

PROPER, MISTYPED, BEFORE_ANY_PLAN = date(2024, 6, 9), date(2042, 12, 31), date(2004, 6, 9)
NOW = "2024-06-10T08:00:00+07:00"


# A file that the run for an improper day has loaded, and a task status of the proper day that comes from it.
FILE = """
insert into ops.load (
    load_id, source, entity, window_start, window_end, data_date, content_sha256, status, run_id, started_at
) values (%(load)s, 'returns', 'file', %(day)s, %(day)s, %(day)s, 'sha', 'published', 'test', now())
"""
INGEST_RUN = "insert into ops.ingest_run (source, data_date, run_id) values ('returns', %(day)s, 'test')"
DONE = """
insert into mart.task_status (
    as_of_date, plan_year, task_code, agency_code, status, done_on, is_overdue, is_due_soon, load_id, run_id,
    computed_at
) values (%(proper)s, 2024, %(load)s::text, 'H58.02', 'done', '2024-03-01', false, false, %(load)s::uuid, 'test', now())
"""
LOADS = {
    MISTYPED: "42000000-0000-5000-8000-000000000000",
    BEFORE_ANY_PLAN: "04000000-0000-5000-8000-000000000000",
    PROPER: "24000000-0000-5000-8000-000000000000",
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """An installation whose server runs, with a proper day and a mistyped one."""
    with open_database(tmp_path_factory.mktemp("withdrawn"), settings={"fsync": "off"}) as database:
        prepare_warehouse(database)
        with psycopg.connect(database.url("cchc_loader"), autocommit=True) as connection:
            fixture = AttainmentFixture(connection)
            fixture.add_indicator()
            fixture.add_agency("H58", "Tỉnh Tiền Giang", "province")
            for day, load in LOADS.items():
                fixture.put(day, 46)
                for statement in (FILE, INGEST_RUN, DONE):
                    connection.execute(statement.encode(), {"day": day, "load": load, "proper": PROPER})
        yield database


def withdraw(database: Database, day: str) -> subprocess.CompletedProcess[str]:
    """`make withdraw` in the environment of this process, without what an outer make or Airflow put there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "AIRFLOW_"))}
    environment = {**kept, "CCHC_HOME": str(database.home), "CCHC_NOW": NOW}
    command = ["make", "--no-print-directory", "withdraw", f"DATE={day}"]
    return subprocess.run(command, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)


def list_days(database: Database) -> list[date]:
    with psycopg.connect(database.url("cchc_analyst")) as connection:
        rows = connection.execute("select distinct as_of_date from mart.indicator_attainment order by 1").fetchall()
    return [day for (day,) in rows]


@pytest.mark.parametrize(
    ("day", "message"),
    [
        ("2042-02-30", "DATE='2042-02-30' is no day: make withdraw DATE=2042-12-31\n"),
        ("", "DATE='' is no day: make withdraw DATE="),
        ("2024-06-08", "DATE=2024-06-08: there is nothing to withdraw, the newest days are "),
    ],
)
def test_day_that_cannot_be_withdrawn_gives_one_line(installed: Database, day: str, message: str) -> None:
    command = withdraw(installed, day)
    assert (command.returncode != 0, command.stdout) == (True, "")
    assert command.stderr.startswith(message)
    assert PROPER in list_days(installed)


def list_loads(database: Database) -> list[tuple[date]]:
    with psycopg.connect(database.url("cchc_analyst")) as connection:
        return connection.execute("select data_date from ops.load order by 1").fetchall()


@pytest.mark.parametrize("day", [MISTYPED, BEFORE_ANY_PLAN])
def test_improper_day_is_withdrawn_with_its_loads(installed: Database, day: date) -> None:
    command = withdraw(installed, str(day))
    assert command.returncode == 0, command.stderr
    assert command.stdout.splitlines() == [
        f"{day} is withdrawn: 1 results, 0 statuses of tasks, 1 runs",
        "  1 loads that only it can have brought, with 0 rows; the bytes are kept",
        "  alerts: 0 are open again, 0 are withdrawn",
        "The newest day is 2024-06-09.",
    ]
    assert day not in list_days(installed)
    assert (day,) not in list_loads(installed)
    assert (PROPER,) in list_loads(installed)


RECIPIENTS = """
recipients:
  - {id: leader, name_vi: Lãnh đạo, audience: performance, channel: email, address: a@example.invalid, agencies: [H58]}
  - {id: spoilt, name_vi: Lãnh đạo, audience: performance, channel: fax}
"""


@pytest.fixture
def missed(warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AttainmentFixture]:
    """A province that has missed a target since 4 June, opened as an alert on the 5th; the newest day is PROPER."""
    (tmp_path / "recipients.yaml").write_text(RECIPIENTS, encoding="utf-8")
    settings = {"HOME": str(tmp_path), "RECIPIENTS": str(tmp_path / "recipients.yaml"), "NOW": NOW}
    for name, value in settings.items():
        monkeypatch.setenv(f"CCHC_{name}", value)
    with psycopg.connect(warehouse.url(), autocommit=True) as connection:
        fixture = AttainmentFixture(connection, read_recipients(tmp_path / "recipients.yaml").good)
        fixture.add_indicator()
        fixture.add_agency("H58", "Tỉnh Tiền Giang", "province")
        fixture.run(date(2024, 6, 3), [46, 44, 44, 44, 44, 44, 44])
        yield fixture


def test_withdrawal_of_an_older_proper_day_notifies_nobody_where_a_target_stays_missed(
    missed: AttainmentFixture,
) -> None:
    notifications = missed.list_notifications()
    assert [step for _, step, _ in notifications] == ["opened"]
    lines = list(withdraw_day(missed.connection, date(2024, 6, 5)))
    assert lines[-1] == "The newest day is 2024-06-09."
    assert (missed.list_steps(), missed.list_notifications()) == (["opened"], notifications)
    assert missed.list_alerts("kind", "status") == [("missed", "open")]


def test_mistake_in_a_recipient_is_shown_and_stops_no_withdrawal(missed: AttainmentFixture) -> None:
    lines = list(withdraw_day(missed.connection, PROPER))
    assert any(line.startswith("recipients.yaml, recipient spoilt, field channel: ") for line in lines)
    assert lines[-1] == "The newest day is 2024-06-08."
