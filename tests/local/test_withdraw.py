"""`make withdraw` of an installation: what it says, and that it is refused before anything is changed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import date

import psycopg
import pytest

from cchc.local.embedded import Database, open_database
from cchc.local.warehouse import prepare_warehouse
from cchc.settings import CHECKOUT
from tests.alerts.board import Board

PROPER, MISTYPED = date(2024, 6, 9), date(2042, 12, 31)
NOW = "2024-06-10T08:00:00+07:00"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """An installation whose server runs, with a proper day and a mistyped one."""
    with open_database(tmp_path_factory.mktemp("withdrawn"), settings={"fsync": "off"}) as database:
        prepare_warehouse(database)
        with psycopg.connect(database.url("cchc_loader"), autocommit=True) as connection:
            board = Board(connection)
            board.add_indicator()
            board.add_agency("H58", "Tỉnh Tiền Giang", "province")
            for day in (PROPER, MISTYPED):
                board.put(day, 46)
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
    ("day", "said"),
    [
        ("2042-02-30", "DATE='2042-02-30' is no day: make withdraw DATE=2042-12-31\n"),
        ("", "DATE='' is no day: make withdraw DATE="),
        ("2024-06-08", "DATE=2024-06-08: there is nothing to withdraw, the newest days are "),
    ],
)
def test_what_cannot_be_withdrawn_is_said_in_one_line(installed: Database, day: str, said: str) -> None:
    answered = withdraw(installed, day)
    assert (answered.returncode != 0, answered.stdout) == (True, "")
    assert answered.stderr.startswith(said)
    assert PROPER in list_days(installed)


def test_mistyped_day_is_taken_out_and_the_newest_is_the_proper_one(installed: Database) -> None:
    answered = withdraw(installed, str(MISTYPED))
    assert answered.returncode == 0, answered.stderr
    assert answered.stdout.splitlines() == [
        "2042-12-31 is withdrawn: 1 results, 0 statuses of tasks, 0 runs",
        "  alerts: 0 are open again, 0 are withdrawn",
        "The newest day is 2024-06-09.",
    ]
    assert list_days(installed) == [PROPER]
