"""Airflow's services in the background: api-server, then scheduler, dag-processor and triggerer.

A demonstration's home runs the simulator of its sources beside them. Each service has its own session with all that it
forks, and a note in the home (service_notes). Each also holds the lock of the embedded database, which therefore runs
as long as one of them lives.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import requests

from cchc.calendar import LOCAL, newest_complete_day
from cchc.local.airflow_home import (
    ADMIN,
    API_PORT,
    airflow_environment,
    end_abandoned_runs,
    make_folders,
    prepare_metadata,
)
from cchc.local.credentials import write_private
from cchc.local.demonstration import Demonstration, connect_simulator, find_inbox, read_demonstration
from cchc.local.embedded import Database, open_database, stop_if_unused
from cchc.local.environment import clean_environment
from cchc.local.launch import Launch, ServiceEndedError
from cchc.local.lock_files import open_lock
from cchc.local.ports import HOST, choose_port, is_free
from cchc.local.processes import find_members, send_signal
from cchc.local.run_lock import hold_runs
from cchc.local.service_notes import ServiceNotes, begin_notes, name_release, read_notes
from cchc.local.warehouse import prepare_warehouse
from cchc.settings import read_now, read_settings

logger = logging.getLogger(__name__)

# Without serve-logs, which listens on every address for workers on other machines; there are none.
SERVICES: Mapping[str, tuple[str, ...]] = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "triggerer": ("--skip-serve-logs",),
}
HEALTH_CHECKS = {"metadatabase", "scheduler", "triggerer", "dag_processor"}
API_TRIES = 5
HEALTH_TRIES = 4  # a busy machine answers late
STOP_SECONDS = 10  # then it is killed, tasks too: a run that was killed at any point can be run again


def start_services(home: Path) -> int:
    """Start Airflow unless it is up with this release and clock, and wait until all of it is healthy; returns 0.

    Prints address, user and password. A demonstration's home also starts the simulator, at its clock. Raises
    LocalError; for a service that ended, with the last lines of its log.
    """
    demonstration = read_demonstration(home)
    with hold_runs(home, "up"), _locked(home), open_database(home) as database:
        notes = read_notes(home)
        port = notes.port
        if not (_is_complete(notes.sessions, demonstration) and _is_current(notes) and _is_soon_healthy(port)):
            _end_sessions(notes.sessions)
            port = _start(home, database, demonstration)
        password = database.credentials[ADMIN]
    sys.stdout.write(f"Airflow is up: http://{HOST}:{port}  user {ADMIN}  password {password}\n")
    if demonstration:
        sys.stdout.write(f"It shows the {_describe_clock()}\n")
    return 0


def stop_services(home: Path) -> int:
    """Stop all of Airflow, and the embedded database if no other process uses it; returns 0."""
    if home.exists():
        with _locked(home):
            _end_sessions(read_notes(home).sessions)
            (home / "services").unlink(missing_ok=True)
        stop_if_unused(home)
    return 0


def find_address(home: Path) -> str | None:
    """The address of the Airflow of ``home``, None when none of its processes is left."""
    notes = read_notes(home)
    return f"http://{HOST}:{notes.port}" if find_members(notes.sessions) else None


def _start(home: Path, database: Database, demonstration: Demonstration | None) -> int:
    """Start all services and wait until they are healthy; returns the port of the api-server."""
    prepare_warehouse(database)
    make_folders(home)
    prepare_metadata(database, airflow_environment(home, database))
    end_abandoned_runs(database)
    write_private(home / "airflow" / "passwords.json", f'{{"{ADMIN}": "{database.credentials[ADMIN]}"}}')
    with database.hold() as users:
        launch = Launch(home / "services", home / "logs", users, clean_environment(os.environ))
        try:
            # A task of a scheduler that starts before the api-server listens loses a try.
            port = _start_api_server(home, database, launch)
            if demonstration:
                _start_simulator(home, demonstration, launch)
            for service in ("scheduler", "dag-processor", "triggerer"):
                launch.start(service, ("airflow", service, *SERVICES[service]))
            launch.wait(lambda: _is_healthy(port))
        except BaseException:  # also Ctrl-C: unhealthy services must not stay
            launch.abandon()
            _end_sessions(read_notes(home).sessions)
            raise
    return port


def _start_api_server(home: Path, database: Database, launch: Launch) -> int:
    """Start the api-server and wait until it answers; returns its port.

    It tries again where another program, such as another home's Airflow, has taken the free port in the meantime.
    """
    caller, password = launch.environment, database.credentials[ADMIN]
    for tries_left in reversed(range(API_TRIES)):
        port = choose_port(API_PORT, "Airflow")
        begin_notes(home, port, _read_clock())
        launch.environment = {**caller, **airflow_environment(home, database, port)}
        launch.start("api-server", ("airflow", "api-server"))
        try:
            launch.wait(partial(_is_ours, port, password))
        except ServiceEndedError:
            if not tries_left or is_free(port):
                raise
        else:
            break
    return port


def _start_simulator(home: Path, demonstration: Demonstration, launch: Launch) -> None:
    """Start the simulator, wait until it listens, and put its connections into the next services' environment."""
    ready = home / "simulator.port"
    ready.unlink(missing_ok=True)
    options: dict[str, object] = {
        "--port-file": ready,
        "--seed": demonstration.seed,
        "--dossiers-per-year": demonstration.dossiers_per_year,
        "--inbox": find_inbox(home),
        "--now": read_now().isoformat(),
    }
    launch.start("simulator", ["simulator", *(str(word) for option in options.items() for word in option)])
    launch.wait(ready.exists)
    address = f"http://{HOST}:{ready.read_text().strip()}"
    ready.unlink()
    launch.environment = {**launch.environment, **connect_simulator(home, address, demonstration)}


def _is_healthy(port: int) -> bool:
    return _check_health(port, HEALTH_CHECKS)


def _is_soon_healthy(port: int) -> bool:
    """Whether all of Airflow is healthy in one of HEALTH_TRIES, a second apart."""
    for _ in range(HEALTH_TRIES):
        if _is_healthy(port):
            return True
        time.sleep(1)
    return False


def _check_health(port: int, checks: Collection[str]) -> bool:
    answer = _ask("GET", port, "/api/v2/monitor/health")
    return all(answer.get(check, {}).get("status") == "healthy" for check in checks)


def _is_ours(port: int, password: str) -> bool:
    """Whether this home's api-server answers and is healthy: only it knows the password of its home."""
    user = {"username": ADMIN, "password": password}
    return _check_health(port, {"metadatabase"}) and "access_token" in _ask("POST", port, "/auth/token", json=user)


def _ask(method: str, port: int, path: str, **sent: Any) -> dict[str, Any]:
    """The answer of an api-server on this machine; empty where there is none."""
    with requests.Session() as session:
        session.trust_env = False  # without proxy and .netrc of the environment
        try:
            answer = session.request(method, f"http://{HOST}:{port}{path}", timeout=5, **sent)
            found = answer.json() if answer.ok else {}
        except requests.RequestException:
            return {}
    return found if isinstance(found, dict) else {}


def _describe_clock() -> str:
    now = read_now().astimezone(LOCAL)
    return f"simulated province, its clock stands at {now:%Y-%m-%d %H:%M}: the newest day is {newest_complete_day(now)}"


def _is_complete(sessions: Mapping[int, str], demonstration: Demonstration | None) -> bool:
    """Whether each service's first process lives; then the port is this installation's."""
    wanted = len(SERVICES) + (demonstration is not None)
    return len(sessions.keys() & find_members(sessions).keys()) == wanted


def _is_current(notes: ServiceNotes) -> bool:
    """Whether the live services have this release and clock; prints the difference."""
    if notes.release != name_release():
        sys.stderr.write("the services are of another release: they are started anew, and a task that runs is ended\n")
    elif notes.now != _read_clock():
        sys.stderr.write("the services have another clock: they are started anew\n")
    return (notes.release, notes.now) == (name_release(), _read_clock())


def _read_clock() -> str:
    """The time of this process's clock, in one word; empty for the machine's clock."""
    now = read_settings().now
    return now.isoformat() if now else ""


def _end_sessions(sessions: Mapping[int, str]) -> None:
    """Ask every session of the services to end, and kill the rest of it after ``STOP_SECONDS``."""
    members = find_members(sessions)
    for pid, session in members.items():
        if pid == session or session not in members:  # a service ends its own children; only orphans are asked too
            send_signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while members := find_members(sessions):
        if time.monotonic() > deadline:
            for pid in members:
                send_signal(pid, signal.SIGKILL)
        time.sleep(0.1)


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    with open_lock(home / "services.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
