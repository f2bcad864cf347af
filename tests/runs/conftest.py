"""Fixtures of whole runs: real HTTP and warehouse; Airflow's metadata in the worker's own cluster."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from cchc.calendar import LOCAL
from cchc.local.airflow_home import airflow_environment, prepare_metadata
from cchc.local.checksum import compute_checksum
from cchc.local.embedded import Database
from cchc.settings import CHECKOUT
from simulator.server import Simulator, run_simulator
from tests.conftest import COPY_DATABASE, TEMPLATE, run_as_superuser

# Tests check rules, not times: short pauses, quick retries.
HURRY = {"pause_seconds": 0, "first_wait_seconds": 0.05, "read_timeout_seconds": 5}
PORTAL_WELL = {"ingest_national_portal": "success", "attainment": "success"}
FILES_WELL = {"ingest_returns": "success", "ingest_treasury": "success", "attainment": "success"}
RECORDS_WELL = FILES_WELL | {"ingest_eoffice": "success"}
ALL_WELL = PORTAL_WELL | RECORDS_WELL


@dataclass(frozen=True)
class Installation:
    """A warehouse, an archive and the environment of their commands."""

    url: str
    home: Path
    environment: dict[str, str]
    sources: set[str] = field(default_factory=set)

    @property
    def database(self) -> str:
        """The name of its warehouse."""
        return self.url.rpartition("/")[2]

    def query(self, statement: str, *parameters: object) -> list[tuple]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement.encode(), parameters).fetchall()

    def checksum(self) -> dict[str, tuple[int, str]]:
        """Checksum of each table of core and mart."""
        with psycopg.connect(self.url) as connection:
            tables = connection.execute(
                "select table_schema, table_name from information_schema.tables"
                " where table_schema in ('core', 'mart') and table_type = 'BASE TABLE'"
            ).fetchall()
            return {f"{schema}.{table}": compute_checksum(connection, schema, table) for schema, table in tables}

    def connect_portal(self, base_url: str, root_department_id: str, **extra: object) -> None:
        """Set the connection ``national_portal``."""
        connection = {
            "conn_type": "http",
            "host": base_url,
            "extra": {"root_department_id": root_department_id, **HURRY, **extra},
        }
        self.environment["AIRFLOW_CONN_NATIONAL_PORTAL"] = json.dumps(connection)
        self.sources.add("national_portal")

    def connect_records(self, simulator: Simulator) -> None:
        """Set the connections ``eoffice`` and ``treasury``, and an inbox in the home."""
        self.connect_inbox()
        http = {"conn_type": "http", "host": simulator.base_url}
        hurry = {**HURRY, "read_timeout_seconds": 20}
        connections = {
            "EOFFICE": {**http, "password": simulator.eoffice_token, "extra": hurry},
            "TREASURY": {
                **http,
                "login": simulator.treasury_client,
                "password": simulator.treasury_secret,
                "extra": hurry,
            },
        }
        self.environment.update({f"AIRFLOW_CONN_{name}": json.dumps(value) for name, value in connections.items()})
        self.sources.add("eoffice")

    def connect_inbox(self, *, lost: bool = False) -> None:
        """Set the connection ``returns_inbox``; ``lost``: to a folder that isn't there."""
        self.inbox.mkdir(exist_ok=True)
        folder = self.home / "nowhere" if lost else self.inbox
        connection = {"conn_type": "fs", "extra": {"url": folder.as_uri()}}
        self.environment["AIRFLOW_CONN_RETURNS_INBOX"] = json.dumps(connection)
        self.sources.update({"returns", "treasury"})

    @property
    def inbox(self) -> Path:
        """The folder of ``connect_inbox``."""
        return self.home / "inbox"

    def disconnect(self, *names: str) -> None:
        """Take connections away."""
        for name in names:
            self.environment.pop(f"AIRFLOW_CONN_{name.upper()}", None)

    def run_day(self, day: date, *, are_files_complete: bool = True) -> dict[str, str]:
        """Run the tasks of the nightly DAGs for ``day``, of the sources that were ever connected.

        Returns the state of each DAG. ``are_files_complete``: set the last change of new files in the inbox to 16:00 of
        ``day``, so that the run needn't wait for further changes.
        """
        from tests.runs.direct_run import run_tasks  # Airflow reads its environment at its import

        return self._run(run_tasks, day, are_files_complete=are_files_complete)

    def run_dags(self, day: date) -> dict[str, str]:
        """``run_day`` by the DAG objects, as ``make nightly`` runs them."""
        from cchc.tasks.nightly import run_dags

        return self._run(run_dags, day)

    def _run(
        self, run: Callable[[date, set[str]], dict[str, str]], day: date, *, are_files_complete: bool = True
    ) -> dict[str, str]:
        if are_files_complete:
            self._age_files(day)
        with _environment(self.environment):
            _point_airflow_here()
            return run(day, self.sources)

    def _age_files(self, day: date) -> None:
        just_now = time.time() - 3600
        changed_at = datetime(day.year, day.month, day.day, 16, tzinfo=LOCAL).timestamp()
        for path in self.inbox.rglob("*"):
            if path.is_file() and path.stat().st_mtime > just_now:
                os.utime(path, (changed_at, changed_at))

    def start_program(self, program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``program`` in its own process."""
        return subprocess.run(
            [sys.executable, str(program), *arguments],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )


@pytest.fixture(scope="session")
def airflow_metadata(cluster: Database) -> dict[str, str]:
    """The environment of an Airflow with its tables, in the worker's cluster."""
    environment = airflow_environment(cluster.home, cluster)
    prepare_metadata(cluster, environment)
    return {**environment, "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING"}


@pytest.fixture(scope="session")
def make_installation(
    cluster: Database,
    airflow_metadata: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    numbers: Iterator[int],
) -> Iterator[Callable[..., Installation]]:
    """A function that makes installations: each a migrated warehouse and an empty archive, or a copy of ``like``.

    Tests that begin with the same run copy it, so that it runs once.
    """
    made: list[str] = []

    def make(like: Installation | None = None) -> Installation:
        name = f"run_{next(numbers)}"
        template = like.database if like else TEMPLATE
        run_as_superuser(cluster, COPY_DATABASE, name, template, "cchc_owner")
        made.append(name)
        login = {
            "conn_type": "postgres",
            "host": cluster.host,
            "port": cluster.port,
            "login": "cchc_loader",
            "password": cluster.credentials["cchc_loader"],
            "schema": name,
        }
        home = tmp_path_factory.mktemp(name)
        if like:
            shutil.copytree(like.home, home, dirs_exist_ok=True)
        environment = {
            **airflow_metadata,
            "CCHC_HOME": str(home),
            "AIRFLOW_CONN_WAREHOUSE": json.dumps(login),
        }
        sources = set(like.sources) if like else set()
        return Installation(cluster.url("cchc_loader", name), home, environment, sources)

    yield make
    for name in made:
        run_as_superuser(cluster, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def installation(make_installation: Callable[..., Installation]) -> Installation:
    """One empty installation."""
    return make_installation()


@pytest.fixture
def portal() -> Iterator[Simulator]:
    """The simulated portal, its clock on the morning after 31 December 2024."""
    with run_simulator(dossiers_per_year=100_000) as simulator:
        yield simulator


def choose_hour(day: date) -> datetime:
    """The time at which the run for ``day`` asks its sources."""
    return datetime(day.year, day.month, day.day, 4, 30, tzinfo=LOCAL) + timedelta(days=1)


def set_portal_clock(portal: Simulator, day: date) -> None:
    """Set the portal's clock to the time at which the run for ``day`` asks it."""
    portal.set_clock(choose_hour(day))


def _point_airflow_here() -> None:
    """Let Airflow read its environment again: it keeps the one of its import, perhaps that of another test."""
    from airflow import settings

    settings.dispose_orm()
    settings.configure_vars()
    settings.configure_orm()


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(("AIRFLOW_CONN_", "CCHC_"))]:
        del os.environ[name]
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


__all__ = [
    "ALL_WELL",
    "CHECKOUT",
    "FILES_WELL",
    "PORTAL_WELL",
    "RECORDS_WELL",
    "Installation",
    "choose_hour",
    "set_portal_clock",
]
