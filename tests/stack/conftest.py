"""A stack of docker-compose.yaml's profile demo, as processes of this machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg
import pytest

from cchc.settings import CHECKOUT
from simulator.certificates import Secured
from tests.alerts.smtp_server import MailServer, serve_mail
from tests.compose.compose_file import Stack, interpolate, read_compose
from tests.conftest import open_folder
from tests.stack.postgres_service import run_postgres
from tests.stack.process_stack import ProcessStack

WORKERS = ("worker-1", "worker-2")


@dataclass
class Place:
    """A server on which the stack runs."""

    processes: ProcessStack
    opened: ExitStack

    def start(self, services: list[str]) -> None:
        """``docker compose up``: databases only, or all services in the order of their conditions."""
        if services:
            for service in services:
                self.opened.enter_context(run_postgres(self.processes, service))
            return
        for service in ("redis", "simulator"):
            self.processes.start(service)
            self.processes.wait_until_healthy(service)
        self.processes.run("init")
        self.processes.start("api-server")
        self.processes.wait_until_healthy("api-server")
        for service in ("scheduler", "dag-processor", "triggerer"):
            self.processes.start(service)
        for worker in WORKERS:
            self.processes.start("worker", worker)
        for service in ("scheduler", "dag-processor", "triggerer"):
            self.processes.wait_until_healthy(service)
        for worker in WORKERS:
            self.processes.wait_until_healthy("worker", worker)

    @contextmanager
    def catch_mail(self) -> Iterator[MailServer]:
        """A mail server in Mailpit's place, with the certificate that the simulator made."""
        secured = Secured(self.processes.place("/srv/demo"), ())
        host = self.processes.find_address("mail")
        with serve_mail("starttls", secured, 1025, host=host, wants_login=False) as server:
            yield server

    def play(self, *days: str) -> None:
        """Run data dates by the service ``runs``."""
        self.processes.run("runs", *(f"--date={day}" for day in days))

    def checksum(self) -> str:
        """The output of `make checksum` in a worker, by the command of docs/install.md."""
        return run_command(self.processes.environment("worker", WORKERS[0]), "checksum")

    def query_metadata(self, statement: str) -> list[tuple]:
        """Rows of Airflow's own database."""
        url = self.processes.environment("worker", WORKERS[0])["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            return connection.execute(statement.encode()).fetchall()

    def count_done(self, worker: str) -> int:
        """The number of tasks that a worker has completed."""
        return self.processes.log(worker).read_text(errors="replace").count("final_state=success")


def run_command(environment: dict[str, str], *words: str) -> str:
    """The output of a command of ``python -m cchc.local``."""
    command = [sys.executable, "-m", "cchc.local", *words]
    shown = subprocess.run(command, cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return shown.stdout


@contextmanager
def open_place(variables: dict[str, str]) -> Iterator[Place]:
    """An empty server with this .env."""
    if shutil.which("redis-server") is None:
        pytest.skip("there is no redis-server on this machine: install Debian's package redis-server")
    document = interpolate(read_compose(), variables)
    stack = Stack(document["services"], document["networks"], document["volumes"])
    with open_folder() as folder, ExitStack() as opened:
        processes = ProcessStack(stack, folder)
        processes.prepare_folders()
        opened.callback(processes.stop)
        yield Place(processes, opened)
