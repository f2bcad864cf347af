"""Fixtures of many tests: an embedded server for each worker, a fresh warehouse for each test, the shared facts."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from cchc.local.embedded import MAJOR, Database, open_database, stop_if_unused
from cchc.settings import CHECKOUT
from cchc.warehouse.connection import ignore_libpq_environment
from cchc.warehouse.migrations import migrate

ignore_libpq_environment()

# A shell may start its jobs without Ctrl-C, and processes inherit that: here they can be interrupted.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Airflow makes its home at its import, by default in the user's folder; tests of whole runs set another.
if "AIRFLOW_HOME" not in os.environ:
    os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="cchc-test-airflow-")
    atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)

# The cluster lives as long as its tests, so it need not survive a crash of the machine; their few rows need no JIT.
VOLATILE = {"jit": "off", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
TEMPLATE = "migrated"
# Without a crash to survive, copied files are quicker than logged pages.
COPY_DATABASE = "CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY"

# Folders and files whose tests get a marker of pyproject.toml. Slow ones begin first: short ones then fill the gaps.
MARKED = {
    "slow": (
        "alerts/detection",
        "alerts/notification/test_outbox.py",
        "alerts/test_seeded_year.py",
        "indicators/test_attainment_oracle.py",
        "indicators/test_order_of_loading.py",
        "local/test_alerts.py",
        "local/test_demonstration.py",
        "local/test_embedded.py",
        "local/test_install.py",
        "local/test_lock_files.py",
        "local/test_query.py",
        "local/test_retry.py",
        "local/test_roles.py",
        "local/test_server.py",
        "local/test_services.py",
        "local/test_validate.py",
        "local/test_withdraw.py",
        "oracle",
        "presentation/test_quality_page.py",
        "presentation/test_reference_pages.py",
        "quality",
        "runs",
        "spreadsheets/test_hostile_workbooks.py",
        "warehouse",
    ),
    "nightly": (
        "alerts/test_disturbed_year.py",
        "compose",
        "local/test_commands_at_once.py",
        "local/test_demonstration_up.py",
        "local/test_stack.py",
        "oracle/test_simulated_year.py",
        "runs/test_killed_runs.py",
        "runs/test_late_run.py",
        "simulator",
        "warehouse/test_large_loads.py",
    ),
}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the files of slow tests out where none is asked for: their imports take seconds in each worker."""
    if "not slow" in config.option.markexpr:
        return any(collection_path == Path(__file__).parent / name for name in MARKED["slow"]) or None
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of ``MARKED``, slow ones first."""
    here = Path(__file__).parent
    for marker, names in MARKED.items():
        for place in (here / name for name in names):
            assert place.exists(), f"{place} of {marker} is gone"
            for item in items:
                if item.path.is_relative_to(place):
                    item.add_marker(marker)
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@dataclass(frozen=True)
class Warehouse:
    """A database with the whole schema and no rows, for one test."""

    server: Database
    database: str

    def url(self, role: str = "cchc_loader") -> str:
        """The libpq URL of ``role``."""
        return self.server.url(role, self.database)

    def query(self, statement: str, parameters: Any = None, role: str = "cchc_owner") -> list[tuple[Any, ...]]:
        """Every row of one query."""
        with psycopg.connect(self.url(role)) as connection:
            return connection.execute(statement.encode(), parameters).fetchall()


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that others may traverse, unlike pytest's: for root PostgreSQL runs as another user."""
    with tempfile.TemporaryDirectory(prefix="cchc-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def home() -> Iterator[Path]:
    """The home of an installation that isn't made yet; a server that a test leaves in it is stopped."""
    with open_folder() as folder:
        yield folder / "home"
        stop_if_unused(folder / "home")


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An embedded server with a template of a migrated warehouse; ``parametrize("cluster", [16, 18], indirect=True)``
    runs a test on both."""
    major = getattr(request, "param", MAJOR)
    with open_folder() as home, open_database(home, major=major, settings=VOLATILE) as database:
        run_as_superuser(database, "CREATE DATABASE {} OWNER {}", TEMPLATE, "cchc_owner")
        with psycopg.connect(database.url("cchc_owner", TEMPLATE)) as connection:
            migrate(connection)
        yield database


@pytest.fixture
def warehouse(cluster: Database, numbers: Iterator[int]) -> Iterator[Warehouse]:
    """A fresh copy of the migrated warehouse."""
    name = f"warehouse_{next(numbers)}"
    run_as_superuser(cluster, COPY_DATABASE, name, TEMPLATE, "cchc_owner")
    yield Warehouse(cluster, name)
    run_as_superuser(cluster, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    """1, 2, 3 … for the names of this worker's databases."""
    return itertools.count(1)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared facts beside the checkout."""
    folder = CHECKOUT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"the shared facts are not beside the checkout: {folder.name}/ is missing there")
    return folder


def run_as_superuser(server: Database, statement: str, *names: str) -> None:
    """Run a statement that allows no transaction; ``names`` fill its ``{}`` as identifiers."""
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))  # type: ignore[arg-type]
