"""The whole Airflow in the background: api-server, then scheduler, dag-processor and triggerer.

On a demonstration's home the simulator of its sources runs beside them. Each runs in a session of its own, with all
that it forks. The file ``services`` of the home holds the api-server's port and a line for each session; they are found
again by it, whatever was killed before. They also hold the embedded database's lock, which keeps that server running
as long as one of them lives.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from cchc.days import LOCAL, newest_complete_day
from cchc.local import LocalError
from cchc.local.abandoned_runs import end_abandoned_runs
from cchc.local.airflow_home import ADMIN, API_PORT, airflow_environment, make_folders, prepare_metadata
from cchc.local.credentials import write_private
from cchc.local.demonstration import Demonstration, connect_simulator, find_inbox, resume_demonstration, set_clock
from cchc.local.embedded import Database, open_database, stop_if_unused
from cchc.local.environment import clean_environment
from cchc.local.ports import HOST, choose_port
from cchc.local.processes import find_members
from cchc.local.run_lock import hold_runs
from cchc.local.warehouse import prepare_warehouse
from cchc.settings import read_now

logger = logging.getLogger(__name__)

# Without serve-logs: that listens on every address, for workers on other machines, of which there are none.
SERVICES: Mapping[str, tuple[str, ...]] = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "triggerer": ("--skip-serve-logs",),
}
# A service notes its session and start (see find_members) before it becomes the service: no kill comes in between.
NOTE_AND_RUN = 'echo $$ $(cut -d " " -f 22 /proc/$$/stat) >> "$0" && exec "$@"'
HEALTH_CHECKS = {"metadatabase", "scheduler", "triggerer", "dag_processor"}
SIMULATOR_PORT = 8760
START_SECONDS = 120
STOP_SECONDS = 10  # then it is killed, tasks too: a night that was killed anywhere is run again without harm


def start_services(home: Path) -> int:
    """Start Airflow unless it is up, wait until all of it is healthy, print address, user and password; 0.

    On a demonstration's home with the simulator, at its clock. Raises LocalError, for a service that ended with the
    last lines of its log.
    """
    demonstration = resume_demonstration(home)
    with hold_runs(home, "up"), _locked(home), open_database(home) as database:
        port, sessions = _read_services(home)
        if not (_is_complete(sessions, demonstration) and _is_healthy(port)):
            _end_sessions(sessions)
            port = choose_port(API_PORT, "Airflow")
            _start(home, database, port, demonstration)
        password = database.credentials[ADMIN]
    sys.stdout.write(f"Airflow is up: http://{HOST}:{port}  user {ADMIN}  password {password}\n")
    if demonstration:
        sys.stdout.write(f"It shows the {_describe_clock()}\n")
    return 0


def stop_services(home: Path) -> int:
    """Stop all of Airflow, and the embedded database if nobody else uses it; 0."""
    if home.exists():
        with _locked(home):
            _end_sessions(_read_services(home)[1])
            (home / "services").unlink(missing_ok=True)
        stop_if_unused(home)
    return 0


def find_address(home: Path) -> str | None:
    """Where the Airflow of ``home`` is, None when none of its processes is left."""
    port, sessions = _read_services(home)
    return f"http://{HOST}:{port}" if find_members(sessions) else None


def _start(home: Path, database: Database, port: int, demonstration: Demonstration | None) -> None:
    prepare_warehouse(database)
    make_folders(home)
    environment = {**clean_environment(os.environ), **airflow_environment(home, database, port)}
    prepare_metadata(database, environment)
    end_abandoned_runs(database)
    write_private(home / "airflow" / "passwords.json", f'{{"{ADMIN}": "{database.credentials[ADMIN]}"}}')
    (home / "services").write_text(f"{port}\n")
    started: dict[str, int] = {}
    try:
        with database.hold() as users:
            if demonstration:
                environment |= _launch_simulator(home, demonstration, environment, users, started)
            # A task of a scheduler that starts before the api-server listens loses a try.
            started["api-server"] = _launch("api-server", home, environment, users)
            _wait(lambda: _check_health(port, {"metadatabase"}), home, started)
            for service in [service for service in SERVICES if service not in started]:
                started[service] = _launch(service, home, environment, users)
        _wait(lambda: _is_healthy(port), home, started)
    except BaseException:  # also Ctrl-C: services that never got healthy are of no use to anybody
        for pid in started.values():
            _signal(pid, signal.SIGTERM)  # also one that hasn't noted itself yet
        _end_sessions(_read_services(home)[1])
        raise


def _launch_simulator(
    home: Path, demonstration: Demonstration, environment: Mapping[str, str], users: int, started: dict[str, int]
) -> dict[str, str]:
    """Start the simulator and wait until it listens; the connections of its sources."""
    set_clock(home, read_now())
    port, ready = choose_port(SIMULATOR_PORT, "the simulator"), home / "simulator.port"
    options = {
        "--port": port,
        "--port-file": ready,
        "--seed": demonstration.seed,
        "--dossiers-per-year": demonstration.dossiers_per_year,
        "--inbox": find_inbox(home),
        "--now": read_now().isoformat(),
    }
    ready.unlink(missing_ok=True)
    command = ["simulator", *(str(word) for option in options.items() for word in option)]
    started["simulator"] = _launch("simulator", home, environment, users, command)
    _wait(ready.exists, home, started)
    ready.unlink()
    return connect_simulator(home, f"http://{HOST}:{port}", demonstration)


def _launch(
    service: str, home: Path, environment: Mapping[str, str], users: int, module: Sequence[str] | None = None
) -> int:
    """Start a service in a session of its own, not as a child to wait for: it outlives this process. Its number."""
    command = [sys.executable, "-m", *(module or ("airflow", service, *SERVICES[service]))]
    os.set_inheritable(users, True)
    return os.posix_spawn(
        "/bin/sh",
        ["sh", "-c", NOTE_AND_RUN, str(home / "services"), *command],
        environment,
        setsid=True,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(_log(home, service)), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )


def _wait(is_done: Callable[[], bool], home: Path, started: Mapping[str, int]) -> None:
    """Wait until ``is_done``. Raises LocalError where one of the services that were started ends, or it takes long."""
    deadline = time.monotonic() + START_SECONDS
    while not is_done():
        for service, pid in started.items():
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                last = "\n".join(_log(home, service).read_text(errors="replace").splitlines()[-5:])
                raise LocalError(f"Airflow's {service} ended ({os.waitstatus_to_exitcode(status)}):\n{last}")
        if time.monotonic() > deadline:
            raise LocalError(f"Airflow was not healthy within {START_SECONDS} s: see {home / 'logs'}")
        time.sleep(0.5)


def _is_healthy(port: int) -> bool:
    return _check_health(port, HEALTH_CHECKS)


def _check_health(port: int, checks: Collection[str]) -> bool:
    with requests.Session() as session:
        session.trust_env = False  # no proxy of the environment is asked for this machine's own address
        try:
            answer = session.get(f"http://{HOST}:{port}/api/v2/monitor/health", timeout=5)
            states = answer.json() if answer.ok else {}
        except requests.RequestException:
            return False
    return all(states.get(check, {}).get("status") == "healthy" for check in checks)


def _describe_clock() -> str:
    now = read_now().astimezone(LOCAL)
    return f"simulated province, its clock stands at {now:%Y-%m-%d %H:%M}: the newest day is {newest_complete_day(now)}"


def _is_complete(sessions: Mapping[int, str], demonstration: Demonstration | None) -> bool:
    """Whether each service's first process lives; then the port is this installation's and not another one's."""
    wanted = len(SERVICES) + (demonstration is not None)
    return len(sessions.keys() & find_members(sessions).keys()) == wanted


def _end_sessions(sessions: Mapping[int, str]) -> None:
    """Ask every session of the services to end, and kill what is left of it after ``STOP_SECONDS``."""
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


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        logger.debug("process %d ended by itself", pid)


def _read_services(home: Path) -> tuple[int, dict[int, str]]:
    """The port of the api-server and the sessions of the services; 0 and none where nothing was started."""
    file = home / "services"
    port, *lines = file.read_text().splitlines() if file.exists() else ["0"]
    return int(port), {int(session): started for session, started in map(str.split, lines)}


def _log(home: Path, service: str) -> Path:
    return home / "logs" / f"{service}.log"


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    with (home / "services.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
