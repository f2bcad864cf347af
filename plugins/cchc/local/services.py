"""The whole Airflow in the background: api-server, scheduler, dag-processor and triggerer.

Every process of it holds the file ``services`` of the home open, and so do the processes that it forks. That is how
they are found again, whatever was killed before; the file's text is the port of the api-server. They also hold the
embedded database's lock, which keeps that server running as long as one of them lives.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests

from cchc.local import LocalError
from cchc.local.airflow_home import ADMIN, API_PORT, airflow_environment, prepare_metadata
from cchc.local.credentials import write_private
from cchc.local.embedded import Database, open_database, stop_if_unused
from cchc.local.ports import HOST, choose_port
from cchc.local.processes import find_members, find_sessions
from cchc.local.warehouse import prepare_warehouse

logger = logging.getLogger(__name__)

# Without serve-logs: that listens on every address, for workers on other machines, of which there are none.
SERVICES: Mapping[str, tuple[str, ...]] = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "triggerer": ("--skip-serve-logs",),
}
HEALTH_CHECKS = {"metadatabase", "scheduler", "triggerer", "dag_processor"}
START_SECONDS = 120
STOP_SECONDS = 10  # then it is killed, tasks too: a night that was killed anywhere is run again without harm


def start_services(home: Path) -> int:
    """Start Airflow unless it is up, wait until all of it is healthy, print address, user and password; 0.

    Raises LocalError with the last lines of the log of a service that ended.
    """
    home.mkdir(parents=True, exist_ok=True)
    with _locked(home), open_database(home) as database:
        port = _read_port(home)
        if not (port and _is_complete(home) and _is_healthy(port)):
            _end_processes(home)
            port = choose_port(API_PORT, "Airflow")
            _start(home, database, port)
        password = database.credentials[ADMIN]
    sys.stdout.write(f"Airflow is up: http://{HOST}:{port}  user {ADMIN}  password {password}\n")
    return 0


def stop_services(home: Path) -> int:
    """Stop all of Airflow, and the embedded database if nobody else uses it; 0."""
    if home.exists():
        with _locked(home):
            _end_processes(home)
        stop_if_unused(home)
    return 0


def _start(home: Path, database: Database, port: int) -> None:
    prepare_warehouse(database)
    environment = airflow_environment(home, database, port)
    prepare_metadata(database, environment)
    write_private(home / "airflow" / "passwords.json", f'{{"{ADMIN}": "{database.credentials[ADMIN]}"}}')
    logs = home / "logs"
    logs.mkdir(exist_ok=True)
    (home / "services").write_text(str(port))
    with (home / "services").open() as mark, database.hold() as users:
        started = {
            service: _launch(service, logs, {**os.environ, **environment}, (mark.fileno(), users))
            for service in SERVICES
        }
    try:
        _wait_until_healthy(port, started, logs)
    except BaseException:  # also Ctrl-C: services that never got healthy are of no use to anybody
        _end_processes(home)
        raise


def _launch(service: str, logs: Path, environment: Mapping[str, str], held: tuple[int, ...]) -> subprocess.Popen[bytes]:
    with (logs / f"{service}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "airflow", service, *SERVICES[service]],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=held,
        )


def _wait_until_healthy(port: int, started: Mapping[str, subprocess.Popen[bytes]], logs: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _is_healthy(port):
        for service, process in started.items():
            if process.poll() is not None:
                log = logs / f"{service}.log"
                last = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
                raise LocalError(f"Airflow's {service} ended with code {process.returncode}; {log} ends:\n{last}")
        if time.monotonic() > deadline:
            raise LocalError(f"Airflow was not healthy within {START_SECONDS} s: see {logs}")
        time.sleep(0.5)


def _is_healthy(port: int) -> bool:
    try:
        answer = requests.get(f"http://{HOST}:{port}/api/v2/monitor/health", timeout=5)
    except requests.RequestException:
        return False
    states = answer.json() if answer.ok else {}
    return all(states.get(check, {}).get("status") == "healthy" for check in HEALTH_CHECKS)


def _is_complete(home: Path) -> bool:
    """Whether each service's first process lives; then the port is this installation's and not another one's."""
    sessions = find_sessions(home / "services")
    return len(sessions & find_members(sessions).keys()) == len(SERVICES)


def _end_processes(home: Path) -> None:
    """Ask every session of the services to end, and kill what is left of it after ``STOP_SECONDS``."""
    sessions = find_sessions(home / "services")
    members = find_members(sessions)
    for pid, session in members.items():
        if pid == session or session not in members:  # a service ends its own children; orphans are asked themselves
            _signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while members := find_members(sessions):
        if time.monotonic() > deadline:
            for pid in members:
                _signal(pid, signal.SIGKILL)
        time.sleep(0.1)
    (home / "services").unlink(missing_ok=True)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        logger.debug("process %d ended by itself", pid)


def _read_port(home: Path) -> int | None:
    file = home / "services"
    return int(file.read_text()) if file.exists() else None


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    with (home / "services.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
