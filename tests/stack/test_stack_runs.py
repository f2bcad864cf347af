"""Runs of the stack: over two Celery workers, on a server restored from a backup, and with a worker killed there.

Each part takes minutes, so it continues the one before: runs of three data dates on an empty server with a backup after
the second; that backup on another empty server, where the third run loses a worker.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from cchc.local.embedded import stop_if_unused
from cchc.local.nightly import SIMULATED_DAYS
from cchc.settings import CHECKOUT
from tests.alerts.smtp_server import Mail
from tests.compose.compose_file import make_env
from tests.conftest import open_folder
from tests.stack.conftest import WORKERS, Place, open_place, run_command
from tests.stack.page_commands import run_commands
from tests.stack.process_stack import list_members, list_titles

pytestmark = pytest.mark.timeout(1800)

*FIRST, LAST = (day.isoformat() for day in SIMULATED_DAYS)


@dataclass(frozen=True)
class FirstServer:
    """The state of the first server: checksums after the second run and at the end, tasks by worker, mails, backup.

    ``dry_run``: the output of `alerts-dry-run` in a worker; ``home``: the folders of the worker's home afterwards.
    """

    at_backup: str
    at_end: str
    done: dict[str, int]
    mails: list[Mail]
    backup: Path
    dry_run: str
    home: set[str]


@dataclass(frozen=True)
class SecondServer:
    """The state of the second server: checksums before and after its run, number of retried tasks, tasks by worker."""

    at_first: str
    at_end: str
    tried_again: int
    done: dict[str, int]


@pytest.fixture(scope="module")
def variables() -> dict[str, str]:
    """The .env of both servers."""
    return make_env("demo")


@pytest.fixture(scope="module")
def reference() -> Iterator[str]:
    """The checksum of `make run` on an empty home."""
    with open_folder() as folder:
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "CCHC"))}
        ours["PYTHONPATH"] = os.pathsep.join((str(CHECKOUT / "plugins"), str(CHECKOUT)))
        environment = {**ours, "CCHC_HOME": str(folder / "home")}
        try:
            run_command(environment, "run")
            yield run_command(environment, "checksum")
        finally:
            stop_if_unused(folder / "home")


@pytest.fixture(scope="module")
def first_server(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> FirstServer:
    """Runs of three data dates, a backup after the second."""
    with open_place(variables) as place:
        place.start(["metadata", "warehouse"])
        place.start([])
        folder = tmp_path_factory.mktemp("server")
        with place.catch_mail() as mail:
            place.play(*FIRST)
            run_commands(place.processes, "backup", folder, place.start)
            at_backup = place.checksum()
            place.play(LAST)
            done = {worker: place.count_done(worker) for worker in WORKERS}
            dry_run = run_command(place.processes.environment("worker", WORKERS[0]), "alerts-dry-run", LAST)
            home = {entry.name for entry in place.processes.place("/var/lib/cchc").iterdir()}
            return FirstServer(at_backup, place.checksum(), done, mail.mails, folder, dry_run, home)


@pytest.fixture(scope="module")
def second_server(variables: dict[str, str], first_server: FirstServer) -> SecondServer:
    """The backup on an empty server; there the third run, during which a worker is killed."""
    with open_place(variables) as place:
        run_commands(place.processes, "restore", first_server.backup, place.start)
        at_first = place.checksum()
        with place.catch_mail():
            place.processes.start("runs", None, f"--date={LAST}")
            kill_in_the_middle(place, WORKERS[0])
            assert place.processes.running.pop("runs").wait() == 0, place.processes.show("runs")
        again = place.query_metadata("select count(*) from task_instance where try_number > 1")[0][0]
        return SecondServer(at_first, place.checksum(), again, {worker: place.count_done(worker) for worker in WORKERS})


def kill_in_the_middle(place: Place, worker: str) -> None:
    """kill -9 of a worker that has completed tasks and is running one."""
    while not (place.count_done(worker) > 5 and is_stopped_in_a_task(place, worker)):
        assert place.processes.running["runs"].poll() is None, place.processes.show("runs")
        time.sleep(0.02)
    place.processes.kill(worker)


def is_stopped_in_a_task(place: Place, worker: str) -> bool:
    """Stop a worker; let it go on where none of its tasks is running, as the task may just have ended."""
    process = place.processes.running[worker]
    is_running = "airflow worker --"  # the title of a task's process
    if not any(is_running in title for title in list_titles(process)):
        return False
    members = list_members(process)
    for member in members:
        with suppress(psutil.NoSuchProcess):
            member.suspend()
    running = {pid for (pid,) in place.query_metadata("select pid from task_instance where state = 'running'")}
    if running & {member.pid for member in members}:
        return True
    for member in members:
        with suppress(psutil.NoSuchProcess):
            member.resume()
    return False


def test_run_over_two_workers_ends_as_make_run_does(first_server: FirstServer, reference: str) -> None:
    assert first_server.at_end == reference


def test_both_workers_run_tasks(first_server: FirstServer) -> None:
    assert min(first_server.done.values()) > 20


def test_recipients_are_notified_by_mail(first_server: FirstServer) -> None:
    assert {address for mail in first_server.mails for address in mail.addresses} >= {"lanh-dao@example.invalid"}


def test_commands_in_a_worker_work_on_the_stacks_databases(first_server: FirstServer) -> None:
    assert first_server.dry_run.startswith(f"Run of {LAST}: ")
    assert first_server.home == {"archive", "pages"}


def test_restored_server_has_the_data_of_the_backup(first_server: FirstServer, second_server: SecondServer) -> None:
    assert first_server.at_backup == second_server.at_first


def test_run_that_loses_a_worker_ends_as_make_run_does(second_server: SecondServer, reference: str) -> None:
    assert second_server.tried_again > 0
    assert second_server.at_end == reference
