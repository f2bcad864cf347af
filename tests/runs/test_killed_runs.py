"""kill -9 in each step of a run, Ctrl-C or SIGTERM, then the run again: the warehouse of an undisturbed run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from cchc.local.airflow_home import end_abandoned_runs
from cchc.local.embedded import Database
from simulator.server import run_simulator
from tests.runs.conftest import PORTAL_WELL, Installation, set_portal_clock
from tests.runs.killed_run import POINTS

DAY = date(2024, 12, 31)
PROGRAM = Path(__file__).with_name("killed_run.py")


@pytest.fixture(scope="module")
def province():
    """The portal on the morning after the day."""
    with run_simulator(dossiers_per_year=100_000) as simulator:
        set_portal_clock(simulator, DAY)
        yield simulator


@pytest.fixture(scope="module")
def undisturbed(make_installation, province):
    """The checksum of a run without a kill."""
    installation = make_installation()
    installation.connect_portal(province.base_url, province.root_department_id)
    installation.run_day(DAY)
    return installation.checksum()


@pytest.fixture(scope="module")
def run_killed(
    airflow_metadata: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., tuple[int, str]]]:
    """A function that runs DAY of an installation with a signal at a point: exit code and output."""
    path = tmp_path_factory.mktemp("killed") / "output"
    server = subprocess.Popen(
        [sys.executable, str(PROGRAM)],
        env={**os.environ, **airflow_metadata},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin
    assert server.stdout

    def run(installation: Installation, point: str, number: str) -> tuple[int, str]:
        arguments = [point, DAY.isoformat(), number]
        asked = {"environment": installation.environment, "arguments": arguments, "output": str(path)}
        server.stdin.write(json.dumps(asked) + "\n")
        server.stdin.flush()
        return int(server.stdout.readline()), path.read_text(encoding="utf-8")

    with server:
        yield run
        server.stdin.close()


def list_unfinished(cluster: Database) -> list[tuple[str, str, str | None]]:
    """The tasks that Airflow considers running or queued: DAG, task, state."""
    with psycopg.connect(cluster.url("airflow", "airflow")) as connection:
        return connection.execute(
            "select dag_id, task_id, task_instance.state from dag_run inner join task_instance using (dag_id, run_id)"
            " where dag_run.state in ('queued', 'running') or task_instance.state in ('queued', 'running')"
        ).fetchall()


@pytest.mark.parametrize("point", POINTS)
def test_killed_run_repeated_ends_as_if_undisturbed(point, cluster, installation, province, undisturbed, run_killed):
    installation.connect_portal(province.base_url, province.root_department_id)
    code, output = run_killed(installation, point, "SIGKILL")
    assert code == -signal.SIGKILL, output
    assert installation.checksum() != undisturbed
    assert "running" in {state for _, _, state in list_unfinished(cluster)}
    end_abandoned_runs(cluster)
    assert list_unfinished(cluster) == [], "the scheduler would begin no other run of the DAG"
    assert installation.run_day(DAY) == PORTAL_WELL
    assert installation.checksum() == undisturbed
    assert installation.query("select count(*) from staging.national_portal_statistic") == [(0,)]
    uneven = (
        "select count(*) from ops.load where accepted_rows + quarantined_rows <> received_rows or status <> 'published'"
    )
    assert installation.query(uneven) == [(0,)]
    assert not list(installation.home.glob("archive/**/.partial-*"))


@pytest.mark.parametrize(
    ("number", "code"),
    [("SIGINT", -signal.SIGINT), ("SIGTERM", 128 + signal.SIGTERM)],  # as Python ends on an uncaught Ctrl-C
)
def test_interrupted_run_ends_at_once_and_repeated_ends_as_if_undisturbed(
    installation, province, undisturbed, run_killed, number, code
):
    installation.connect_portal(province.base_url, province.root_department_id)
    ended, output = run_killed(installation, "publish", number)
    assert ended == code, output
    assert "attainment of" not in output
    assert installation.query("select count(*) from mart.indicator_attainment") == [(0,)]
    assert installation.run_day(DAY) == PORTAL_WELL
    assert installation.checksum() == undisturbed
