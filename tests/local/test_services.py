"""The whole Airflow: up, up again, partly killed, down."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import requests

from cchc.local import services
from cchc.local.processes import find_members, find_sessions, read_command


def find_service(home: Path, name: str) -> int:
    sessions = find_sessions(home / "services")
    return next(pid for pid in sessions if name in " ".join(read_command(pid)))


@pytest.mark.timeout(240)
def test_airflow_comes_up_survives_a_kill_and_leaves_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert services.start_services(home) == 0
    said = capsys.readouterr().out
    address, password = said.split()[3], said.split()[-1]
    user = {"username": "admin", "password": password}
    token = requests.post(f"{address}/auth/token", json=user, timeout=30).json()["access_token"]
    errors = requests.get(f"{address}/api/v2/importErrors", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert errors.json()["total_entries"] == 0

    running = find_sessions(home / "services")
    assert services.start_services(home) == 0
    assert capsys.readouterr().out == said
    assert find_sessions(home / "services") == running

    scheduler = find_service(home, "scheduler")
    os.kill(scheduler, signal.SIGKILL)
    assert services.stop_services(home) == 0
    assert find_members(running) == {}
    assert not (home / "postgres" / "data" / "postmaster.pid").exists()


def test_down_where_nothing_is_up_does_nothing(home: Path) -> None:
    assert services.stop_services(home) == 0
    assert not home.exists()
