"""The whole Airflow: up, up again, partly killed, down."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests

from cchc.local import services
from cchc.local.launch import Launch
from cchc.local.ports import HOST, choose_port
from cchc.local.processes import find_members, read_command
from cchc.local.service_notes import read_notes
from cchc.settings import CHECKOUT

MARK = {"seed": 1, "dossiers_per_year": 100_000, "now": "2025-01-01T05:30:00+07:00"}
NEWEST_AND_OPEN = """
select max(as_of_date) as newest,
    (select array_agg((kind, subject, status) order by kind, subject) from ops.alert where status <> 'resolved') as open
from mart.indicator_attainment
"""
ENDED = {"success", "failed", "skipped"}
FIRST = {"alerts", "attainment", "ingest_eoffice", "ingest_national_portal", "ingest_returns", "ingest_treasury"}


HOSTILE = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "ALL_PROXY": "socks5://127.0.0.1:9",
    "SSL_CERT_FILE": "/nowhere/ca.pem",
    "LC_ALL": "tr_TR.ISO-8859-9",
    "TZ": "America/New_York",
    "PYTHONWARNINGS": "error",
    "PYTHONOPTIMIZE": "2",
    "AIRFLOW_CONFIG": "/nowhere/airflow.cfg",
    "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
    "AIRFLOW__CORE__AUTH_MANAGER": "nowhere.AuthManager",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD": "false",
    "AIRFLOW__API__SSL_CERT": "/nowhere/cert.pem",
}
NETRC = "machine 127.0.0.1 login somebody password else\ndefault login somebody password else\n"


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
        api-server doesn't answer within five seconds. Such a task is then tried again.
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

    def read_state(self) -> tuple[str, str]:
        """The checksum; newest day and open alerts."""
        return self.run("checksum"), self.run("sql", NEWEST_AND_OPEN)


def wait_for(is_done: Callable[[], object], what: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not is_done():
        assert time.monotonic() < deadline, what
        time.sleep(0.5)


@pytest.fixture
def hostile_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that a shell may have set for other programs."""
    (tmp_path / ".netrc").write_text(NETRC)
    (tmp_path / ".netrc").chmod(0o600)
    for name, value in (HOSTILE | {"HOME": str(tmp_path)}).items():
        monkeypatch.setenv(name, value)


class HealthyNeighbour(BaseHTTPRequestHandler):
    """The health of another installation's Airflow."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({check: {"status": "healthy"} for check in services.HEALTH_CHECKS}).encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def neighbour() -> Iterator[int]:
    """The port of another Airflow, which began to listen just after the port was found free."""
    with ThreadingHTTPServer((HOST, 0), HealthyNeighbour) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def odd_home(home: Path) -> Iterator[Path]:
    """A home whose name no shell and no format string may read."""
    odd = home.parent / "a b\"c`id`$(id)%d%(e)s'f;g&#?"
    yield odd
    services.stop_services(odd)


@pytest.mark.usefixtures("hostile_environment")
@pytest.mark.timeout(400)
def test_airflow_comes_up_in_a_hostile_environment_and_leaves_nothing(
    odd_home: Path, neighbour: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    end_while_it_starts(odd_home)

    listened: dict[str, bool] = {}
    start = Launch.start

    def note_and_start(launch: Launch, service: str, module: Sequence[str | Path]) -> None:
        port = read_notes(odd_home).port
        listened[service] = services._check_health(port, {"metadatabase"})
        start(launch, service, module)

    monkeypatch.setattr(Launch, "start", note_and_start)
    ports = iter([neighbour])
    monkeypatch.setattr(services, "choose_port", lambda *about: next(ports, None) or choose_port(*about))
    assert services.start_services(odd_home) == 0
    assert listened == {"api-server": False, "scheduler": True, "dag-processor": True, "triggerer": True}
    printed = capsys.readouterr().out
    api = Api(printed)
    assert api.get("importErrors")["total_entries"] == 0
    sessions = read_sessions(odd_home)
    assert len(sessions.keys() & find_members(sessions).keys()) == len(services.SERVICES)
    assert services.start_services(odd_home) == 0
    assert capsys.readouterr().out == printed
    assert read_sessions(odd_home) == sessions

    # The runs start at once: none of their tasks may find the api-server missing.
    wait_for(
        lambda: {task["dag_id"] for task in api.list_tasks() if task["state"] == "success"} >= FIRST, "first tasks"
    )
    assert {task["try_number"] for task in api.list_tasks()} <= {0, 1}
    (alerts,) = (task for task in api.list_tasks() if task["dag_id"] == "alerts")
    assert any(line["event"] for line in api.read_log(alerts))
    check_modes(odd_home)

    scheduler = next(pid for pid in sessions if "scheduler" in read_command(pid))
    os.kill(scheduler, signal.SIGKILL)
    assert services.stop_services(odd_home) == 0
    assert find_members(sessions) == {}
    assert not (odd_home / "postgres" / "data" / "postmaster.pid").exists()


def end_while_it_starts(home: Path) -> None:
    """SIGTERM to `make up` while it waits ends its services and the database."""
    with Commands(home).start("up") as up:
        wait_for(lambda: read_sessions(home) or up.poll() is not None, "the api-server is started")
        sessions = read_sessions(home)
        up.terminate()
        _, errors = up.communicate(timeout=60)
    assert (up.returncode, "Traceback" in errors) == (128 + signal.SIGTERM, False), errors
    assert sessions
    assert find_members(sessions) == {}
    assert not (home / "postgres" / "data" / "postmaster.pid").exists()


def check_modes(home: Path) -> None:
    """Task logs may quote reports of agencies: no other user can read them, nor hold a lock."""
    for folder in (home / "logs", home / "airflow"):
        assert folder.stat().st_mode & 0o077 == 0
    for file in [*(home / "logs" / "tasks").rglob("*.log"), *home.glob("*.lock")]:
        assert file.stat().st_mode & 0o077 == 0, file


@pytest.mark.timeout(600)
def test_demonstration_stays_one_when_airflow_comes_up(home: Path) -> None:
    home.mkdir()
    (home / "demonstration.json").write_text(json.dumps(MARK))
    commands = Commands(home)
    assert "is no day" in commands.run("nightly", "2024-12-32", "", code=1)
    for day in ("2024-12-20", "2024-12-31"):
        commands.run("nightly", day, "treasury", CCHC_NOW="2025-01-01T05:45:00+07:00")
    before = commands.read_state()
    assert before[1].splitlines()[-1].startswith("2024-12-31,")

    assert "AIRFLOW_CONN_EOFFICE names a real source" in commands.run("up", code=1, AIRFLOW_CONN_EOFFICE="{}")
    printed = commands.run("up")
    try:
        assert "simulated province, its clock stands at 2025-01-01 05:45: the newest day is 2024-12-31" in printed
        Api(printed).pause_alerts()
        assert commands.run("up") == printed
        older = read_sessions(home)
        pretend_older_release(home)
        printed = commands.run("up")
        assert find_members(older) == {}
        api = Api(printed)
        api.set_paused("alerts", is_paused=False)
        scheduled = {dag["dag_id"] for dag in api.get("dags")["dags"] if dag["next_dagrun_run_after"]}
        assert scheduled == {"alerts"}
        assert api.run("ingest_treasury", date="2024-12-31") == "success"  # from the archive
        shutil.rmtree(home / "archive" / "treasury" / "H58" / "2024-12-20")
        assert api.run("ingest_treasury", date="2024-12-20") == "success"  # asked of the simulator
        assert (home / "archive" / "treasury" / "H58" / "2024-12-20").exists()
        assert api.run("attainment") == "success"
        api.wait_until_idle()
        ran = [task for task in api.list_tasks() if task["state"] in ENDED and task["try_number"]]
        assert {task["dag_id"] for task in ran} == {"alerts", "attainment", "ingest_treasury"}
        assert [task for task in ran if task["try_number"] > 1] == []
        for task in ran:
            check_log(task, api.read_log(task))
        assert "BAD" not in commands.run("check", "treasury")
    finally:
        commands.run("down")
    assert commands.read_state() == before


def pretend_older_release(home: Path) -> None:
    """As after `git checkout` of another release: `make up` finds services that an older one noted, with no release."""
    port, *rest = (home / "services").read_text().split(maxsplit=1)
    sessions = rest[0].splitlines()[1:]
    (home / "services").write_text("\n".join([port, *sessions, ""]))


def check_log(task: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    """The log of a task is there, without an error, and without a warning but of skipped sources and seeded faults."""
    assert len(lines) > 3, task
    loud = [line for line in lines if line.get("level") in ("warning", "error", "critical")]
    expected = ("nothing has come yet", "giai-ngan-2024-08.xlsx, describing 2024-12-20: stopped by")
    assert [line for line in loud if not any(words in line["event"] for words in expected)] == [], task


def test_down_where_nothing_is_up_does_nothing(home: Path) -> None:
    assert services.stop_services(home) == 0
    assert not home.exists()


def test_number_of_a_session_that_another_process_has_now_is_left_alone() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as own:
        started = Path(f"/proc/{own.pid}/stat").read_text().rpartition(") ")[2].split()[19]
        assert find_members({own.pid: started}) == {own.pid: own.pid}
        assert find_members({own.pid: "1"}) == {}  # the session that was meant began at another time
        own.kill()
