"""The stack's nights: over two Celery workers, in a place restored from a backup, and with a worker killed there.

One story, in which each part goes on from the one before, as each takes minutes: three nights on an empty server with
a backup after the second; that backup on another empty server, where the third night loses a worker.
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
class Story:
    """What was seen: checksums after the second night and at the end, tasks done by each worker, mails, the backup.

    ``rehearsal`` is what `alerts-dry-run` prints in a worker, ``home`` what the worker's home holds afterwards.
    """

    at_backup: str
    at_end: str
    done: dict[str, int]
    mails: list[Mail]
    backup: Path
    rehearsal: str
    home: set[str]


@dataclass(frozen=True)
class Sequel:
    """What was seen in the other place: checksums before its night and after, tasks that were tried again, by whom."""

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
def story(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Three nights, a backup after the second."""
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
            rehearsal = run_command(place.processes.environment("worker", WORKERS[0]), "alerts-dry-run", LAST)
            home = {entry.name for entry in place.processes.place("/var/lib/cchc").iterdir()}
            return Story(at_backup, place.checksum(), done, mail.mails, folder, rehearsal, home)


@pytest.fixture(scope="module")
def sequel(variables: dict[str, str], story: Story) -> Sequel:
    """The backup on an empty server; there the third night, in the middle of which a worker is killed."""
    with open_place(variables) as place:
        run_commands(place.processes, "restore", story.backup, place.start)
        at_first = place.checksum()
        with place.catch_mail():
            place.processes.start("nights", None, f"--night={LAST}")
            kill_in_the_middle(place, WORKERS[0])
            assert place.processes.running.pop("nights").wait() == 0, place.processes.tell("nights")
        again = place.query_metadata("select count(*) from task_instance where try_number > 1")[0][0]
        return Sequel(at_first, place.checksum(), again, {worker: place.count_done(worker) for worker in WORKERS})


def kill_in_the_middle(place: Place, worker: str) -> None:
    """kill -9 of a worker that has done something and is doing something."""
    while not (place.count_done(worker) > 5 and is_stopped_in_a_task(place, worker)):
        assert place.processes.running["nights"].poll() is None, place.processes.tell("nights")
        time.sleep(0.02)
    place.processes.kill(worker)


def is_stopped_in_a_task(place: Place, worker: str) -> bool:
    """Stop a worker where it stands; let it go on where none of its tasks is running, as it may just have ended."""
    process = place.processes.running[worker]
    is_running = "airflow worker --"  # what a task's process calls itself
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


def test_night_over_two_workers_ends_as_make_run_does(story: Story, reference: str) -> None:
    assert story.at_end == reference


def test_both_workers_do_their_part(story: Story) -> None:
    assert min(story.done.values()) > 20


def test_readers_are_told_by_mail(story: Story) -> None:
    assert {address for mail in story.mails for address in mail.addresses} >= {"lanh-dao@example.invalid"}


def test_commands_in_a_worker_work_on_the_stacks_databases(story: Story) -> None:
    assert story.rehearsal.startswith(f"Night of {LAST}: ")
    assert story.home == {"archive", "pages"}


def test_restored_place_holds_what_was_backed_up(story: Story, sequel: Sequel) -> None:
    assert story.at_backup == sequel.at_first


def test_night_that_loses_a_worker_ends_as_make_run_does(sequel: Sequel, reference: str) -> None:
    assert sequel.tried_again > 0
    assert sequel.at_end == reference
