"""The whole Airflow: up, up again, partly killed, down."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
import requests

from cchc.local import services
from cchc.local.processes import find_members, read_command


def read_sessions(home: Path) -> dict[int, str]:
    lines = (home / "services").read_text().splitlines()[1:]
    return {int(session): started for session, started in map(str.split, lines)}


@pytest.mark.timeout(240)
def test_airflow_comes_up_survives_a_kill_and_leaves_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert services.start_services(home) == 0
    said = capsys.readouterr().out
    address, password = said.split()[3], said.split()[-1]
    user = {"username": "admin", "password": password}
    token = requests.post(f"{address}/auth/token", json=user, timeout=30).json()["access_token"]
    errors = requests.get(f"{address}/api/v2/importErrors", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert errors.json()["total_entries"] == 0

    sessions = read_sessions(home)
    assert len(sessions.keys() & find_members(sessions).keys()) == len(services.SERVICES)
    assert services.start_services(home) == 0
    assert capsys.readouterr().out == said
    assert read_sessions(home) == sessions

    scheduler = next(pid for pid in sessions if "scheduler" in read_command(pid))
    os.kill(scheduler, signal.SIGKILL)
    assert services.stop_services(home) == 0
    assert find_members(sessions) == {}
    assert not (home / "postgres" / "data" / "postmaster.pid").exists()


def test_down_where_nothing_is_up_does_nothing(home: Path) -> None:
    assert services.stop_services(home) == 0
    assert not home.exists()


def test_number_of_a_session_that_another_process_has_now_is_left_alone() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as own:
        started = Path(f"/proc/{own.pid}/stat").read_text().rpartition(") ")[2].split()[19]
        assert find_members({own.pid: started}) == {own.pid: own.pid}
        assert find_members({own.pid: "1"}) == {}  # the session that was meant began at another time
        own.kill()
