"""The whole Airflow: up, up again, partly killed, down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from cchc.local import services
from cchc.local.launch import Launch
from cchc.local.ports import HOST, choose_port
from cchc.local.processes import find_members, read_command
from cchc.local.service_notes import read_notes
from tests.local.airflow_up import Api, Commands, read_sessions, wait_for

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


def test_down_where_nothing_is_up_does_nothing(home: Path) -> None:
    assert services.stop_services(home) == 0
    assert not home.exists()


def test_number_of_a_session_that_another_process_has_now_is_left_alone() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as own:
        started = Path(f"/proc/{own.pid}/stat").read_text().rpartition(") ")[2].split()[19]
        assert find_members({own.pid: started}) == {own.pid: own.pid}
        assert find_members({own.pid: "1"}) == {}  # the session that was meant began at another time
        own.kill()
