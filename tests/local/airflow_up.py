"""Commands of `make` in a home, and the REST API of the Airflow that they start."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from cchc.local.service_notes import read_notes
from cchc.settings import CHECKOUT

ENDED = {"success", "failed", "skipped"}


def read_sessions(home: Path) -> dict[int, str]:
    return dict(read_notes(home).sessions)


@dataclass
class Api:
    """The REST API of what `make up` printed."""

    printed: str

    def __post_init__(self) -> None:
        self.address, password = self.printed.split()[3], self.printed.splitlines()[0].split()[-1]
        self.session = requests.Session()
        self.session.trust_env = False
        user = {"username": "admin", "password": password}
        token = self.session.post(f"{self.address}/auth/token", json=user, timeout=30).json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **params: object) -> Any:
        """The answer to a question, as JSON."""
        return self.session.get(f"{self.address}/api/v2/{path}", params=params, timeout=30).json()

    def list_tasks(self) -> list[dict[str, Any]]:
        """Every task of every run."""
        tasks: list[dict[str, Any]] = self.get("dags/~/dagRuns/~/taskInstances", limit=1000)["task_instances"]
        return tasks

    def pause_alerts(self) -> None:
        """Wait for the end of the run of alerts that Airflow begins at its start, and let it begin no other.

        `make up` ends the tasks that run where it replaces services: those of another release, and those whose
        api-server answers no question of several. Such a task is then tried again.
        """
        wait_for(lambda: any(task["state"] in ENDED for task in self.list_tasks()), "alerts run")
        self.set_paused("alerts", is_paused=True)
        self.wait_until_idle()

    def set_paused(self, dag_id: str, *, is_paused: bool) -> None:
        """Let Airflow begin no run of a DAG, or let it begin them again."""
        answer = self.session.patch(f"{self.address}/api/v2/dags/{dag_id}", json={"is_paused": is_paused}, timeout=30)
        answer.raise_for_status()

    def wait_until_idle(self) -> None:
        """Wait until no task is queued or runs."""
        wait_for(lambda: not any(task["state"] in ("queued", "running") for task in self.list_tasks()), "tasks end")

    def read_log(self, task: dict[str, Any]) -> list[dict[str, Any]]:
        """The lines of a task's newest try."""
        run = f"dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}"
        lines: list[dict[str, Any]] = self.get(
            f"{run}/logs/{task['try_number']}", map_index=task["map_index"], full_content=True
        )["content"]
        return lines

    def run(self, dag_id: str, **conf: str) -> str:
        """Trigger a run as the UI does and wait for its end; its state."""
        runs = f"dags/{dag_id}/dagRuns"
        body = {"logical_date": None, "conf": conf}
        begun = self.session.post(f"{self.address}/api/v2/{runs}", json=body, timeout=30).json()["dag_run_id"]
        wait_for(lambda: self.get(f"{runs}/{begun}")["state"] in ("success", "failed"), f"{dag_id} ends", 300)
        state: str = self.get(f"{runs}/{begun}")["state"]
        return state


@dataclass(frozen=True)
class Commands:
    """`python -m cchc.local` in a home, as the Makefile runs it."""

    home: Path

    def start(self, *command: str, **variables: str) -> subprocess.Popen[str]:
        """Begin a command. The Makefile takes away what is meant for Python."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        ours = {"PYTHONPATH": f"{CHECKOUT / 'plugins'}:{CHECKOUT}", "CCHC_HOME": str(self.home)}
        return subprocess.Popen(
            [sys.executable, "-m", "cchc.local", *command],
            env={**kept, **ours, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *command: str, code: int = 0, **variables: str) -> str:
        """Run a command to its end; returns its output or, with a ``code``, its errors."""
        process = self.start(*command, **variables)
        printed, errors = process.communicate(timeout=300)
        assert process.returncode == code, errors
        assert "Traceback" not in errors
        return errors if code else printed


def wait_for(is_done: Callable[[], object], what: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not is_done():
        assert time.monotonic() < deadline, what
        time.sleep(0.5)
