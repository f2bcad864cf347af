"""Several commands at once in one home, fresh and filled: real commands, each succeeds or declines in a line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from cchc.local.embedded import open_database
from cchc.settings import CHECKOUT
from tests.conftest import open_folder

NIGHTLY = ("nightly", "2024-06-30", "returns")
PATIENCE_SECONDS = 240
LEFT_BY_HAND = """
select dag_id, dag_run.state, task_id, task_instance.state
from dag_run inner join task_instance using (dag_id, run_id)
where triggered_by = 'TEST' and (
    dag_run.state not in ('success', 'failed')
    or coalesce(task_instance.state not in ('success', 'failed', 'skipped', 'upstream_failed', 'removed'), true)
)
"""


@dataclass(frozen=True)
class Ended:
    """Exit code and output of a command."""

    code: int
    output: str
    errors: str

    @property
    def is_declined_beside_airflow(self) -> bool:
        """Whether it was declined since Airflow is up or starts: one line, after at most one about a wait."""
        *waited, last = [line for line in self.errors.splitlines() if "is taken" not in line]
        is_waiting = all("this home is in use" in line for line in waited) and len(waited) <= 1
        return self.code == 1 and last.startswith("Airflow is up at http://127.0.0.1:") and is_waiting


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A home that isn't there yet, and beside it an inbox with a file that is rejected."""
    with open_folder() as folder:
        sent = folder / "inbox" / "H58.02" / "bao-cao.csv"
        sent.parent.mkdir(parents=True)
        sent.write_text("no,heading,of,ours\n1,2,3,4\n")
        os.utime(sent, (time.time() - 3600,) * 2)
        yield folder / "home"
        start(folder / "home", "down").communicate(timeout=PATIENCE_SECONDS)


def start(home: Path, *command: str) -> subprocess.Popen[str]:
    inbox = {"conn_type": "fs", "extra": {"url": (home.parent / "inbox").as_uri()}}
    given = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "CCHC_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "cchc.local", command[0], *(["--"] if command[1:] else []), *command[1:]],
        cwd=CHECKOUT,
        env={
            **given,
            "CCHC_HOME": str(home),
            "PYTHONPATH": "plugins:.",
            "AIRFLOW_CONN_RETURNS_INBOX": json.dumps(inbox),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_at_once(home: Path, *commands: tuple[str, ...]) -> list[Ended]:
    """Start all commands and wait for all of them."""
    started = [start(home, *command) for command in commands]
    try:
        texts = [process.communicate(timeout=PATIENCE_SECONDS) for process in started]
    finally:
        for process in started:
            process.kill()
    ended = [Ended(process.returncode, *both) for process, both in zip(started, texts, strict=True)]
    assert "Traceback" not in "".join(one.output + one.errors for one in ended)
    return ended


@pytest.fixture(scope="module")
def at_once(place: Path) -> Callable[..., list[Ended]]:
    """``run_at_once`` in the home of this module's tests."""
    return lambda *commands: run_at_once(place, *commands)


@pytest.fixture(scope="module")
def first(at_once: Callable[..., list[Ended]]) -> list[Ended]:
    """A run by hand, Airflow's start, a query and a check at once, in a home that isn't there."""
    return at_once(NIGHTLY, ("up",), ("sql", "select 40 + 2 as answer"), ("check", "returns"))


@pytest.mark.timeout(300)
def test_nightly_up_sql_and_check_begin_a_home_together(first):
    nightly, up, sql, check = first
    assert up.code == 0, up.errors
    assert nightly.code == 0 or nightly.is_declined_beside_airflow, nightly.errors
    assert (sql.code, sql.output) == (0, "answer\n42\n"), sql.errors
    assert check.code == 0, check.errors
    assert "1 files lie in it" in check.output


@pytest.mark.timeout(300)
def test_beside_airflow_runs_decline_and_queries_are_answered(first, at_once):  # noqa: ARG001
    assert at_once(("up",))[0].code == 0  # it is up already, unless another test came before
    nightly, run, up, sql, check = at_once(NIGHTLY, ("run",), ("up",), ("sql", "table ops.load"), ("check", "returns"))
    assert nightly.is_declined_beside_airflow
    assert run.code == 1
    assert up.code == sql.code == check.code == 0, up.errors + sql.errors + check.errors


@pytest.mark.timeout(300)
def test_sigterm_ends_a_run_and_its_database(first, at_once, place):  # noqa: ARG001
    assert at_once(("down",))[0].code == 0
    nightly = start(place, *NIGHTLY)
    assert nightly.stderr is not None
    lines = [nightly.stderr.readline()]
    while "data date 2024-06-30" not in lines[-1]:  # logged by its first task
        assert lines[-1], lines
        lines.append(nightly.stderr.readline())
    nightly.send_signal(signal.SIGTERM)
    output, errors = nightly.communicate(timeout=PATIENCE_SECONDS)
    assert nightly.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in output + errors
    assert "attainment of" not in errors
    assert not (place / "postgres" / "data" / "postmaster.pid").exists()


@pytest.mark.timeout(300)
def test_runs_by_hand_take_turns_in_a_filled_home(first, at_once, place):  # noqa: ARG001
    assert at_once(("down",))[0].code == 0
    *nightly_runs, run, sql, check = at_once(NIGHTLY, NIGHTLY, ("run",), ("sql", "select 1"), ("check", "returns"))
    assert [ended.code for ended in nightly_runs] == [0, 0], nightly_runs
    assert sum("this home is in use (process " in ended.errors for ended in nightly_runs) >= 1
    assert run.code == 1
    assert "AIRFLOW_CONN_RETURNS_INBOX names a real source" in run.errors
    assert sql.code == check.code == 0, sql.errors + check.errors
    with open_database(place) as database, psycopg.connect(database.url("airflow", "airflow")) as connection:
        left = connection.execute(LEFT_BY_HAND).fetchall()
        assert left == [], "the scheduler would wait for them for ever"
