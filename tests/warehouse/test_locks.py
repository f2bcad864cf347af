"""take_lock and hold_lock: exclusive, ended with their process, out of reach for analysts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, LockNotAvailable

from cchc.settings import SQL
from cchc.warehouse import migrations
from cchc.warehouse.connection import hold_lock, take_lock
from cchc.warehouse.migrations import MigrationError, migrate
from cchc.warehouse.source_sync import sync_sources
from tests.conftest import Warehouse, run_as_superuser

NAMES = ("attain", "catalog", "sources", "compose", "deliver", "publish returns", "ask returns", "cchc.migrations")
MODES = (
    "access share", "row share", "row exclusive", "share update exclusive", "share", "share row exclusive", "exclusive",
    "access exclusive",
)  # fmt: skip


@pytest.fixture
def loader(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse.url(), autocommit=True, options="-c lock_timeout=5s") as connection:
        yield connection


@contextmanager
def an_analyst(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    """An analyst's open transaction without the settings that only prevent slips."""
    with closing(psycopg.connect(warehouse.url("cchc_analyst"), application_name="report.exe")) as connection:
        connection.execute("set default_transaction_read_only = off")
        connection.commit()
        yield connection


def is_free(warehouse: Warehouse, name: str) -> bool:
    with psycopg.connect(warehouse.url(), options="-c lock_timeout=100ms") as connection:
        try:
            take_lock(connection, name)
        except LockNotAvailable:
            return False
    return True


def test_taken_lock_ends_with_its_transaction(warehouse: Warehouse, loader: psycopg.Connection) -> None:
    with loader.transaction():
        take_lock(loader, "attain")
        assert not is_free(warehouse, "attain")
        assert is_free(warehouse, "catalog")
    assert is_free(warehouse, "attain")


def test_held_lock_outlasts_commits_and_timeouts(warehouse: Warehouse) -> None:
    run_as_superuser(warehouse.server, "ALTER DATABASE {} SET idle_in_transaction_session_timeout = '50ms'",
                     warehouse.database)  # fmt: skip
    with psycopg.connect(warehouse.url(), autocommit=True) as connection:
        with hold_lock(connection, "ask returns"):
            connection.execute("select pg_sleep(0.3)")
            assert not is_free(warehouse, "ask returns")
        assert is_free(warehouse, "ask returns")


def test_killed_process_frees_its_lock(warehouse: Warehouse) -> None:
    program = (
        "import sys, psycopg; from cchc.warehouse.connection import hold_lock\n"
        "with psycopg.connect(sys.argv[1], autocommit=True) as connection, hold_lock(connection, 'ask returns'):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", program, warehouse.url()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert not is_free(warehouse, "ask returns")
        process.send_signal(signal.SIGKILL)
    with psycopg.connect(warehouse.url(), options="-c lock_timeout=5s") as connection:
        take_lock(connection, "ask returns")


def test_analyst_with_advisory_locks_stops_no_run(warehouse: Warehouse, loader: psycopg.Connection) -> None:
    with an_analyst(warehouse) as analyst:
        for name in NAMES:
            analyst.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [name])
        for name in NAMES:
            with loader.transaction():
                take_lock(loader, name)
        sync_sources(loader, [])
        with psycopg.connect(warehouse.url("cchc_owner"), options="-c lock_timeout=5s") as owner:
            assert migrate(owner) == []


@pytest.mark.parametrize("table", ["ops.lock", "ops.schema_migration"])
def test_analyst_has_no_right_to_the_locks_of_runs(warehouse: Warehouse, table: str) -> None:
    tried = [
        *(f"lock table {table} in {mode} mode" for mode in MODES),
        *(f"select from {table} for {strength}" for strength in ("key share", "share", "no key update", "update")),
        f"insert into {table} select from {table}",
        "insert into ops.lock (name) values ('attain')",
    ]
    with an_analyst(warehouse) as analyst:
        for statement in tried:
            with pytest.raises(InsufficientPrivilege), analyst.transaction():
                analyst.execute(statement.encode())


def test_analyst_has_no_right_to_lock_rows_or_more_than_share_tables(warehouse: Warehouse) -> None:
    with an_analyst(warehouse) as analyst:
        for table in ("mart.indicator_attainment", "core.portal_statistic", "ops.load"):
            for mode in MODES[1:]:
                with pytest.raises(InsufficientPrivilege), analyst.transaction():
                    analyst.execute(f"lock table {table} in {mode} mode".encode())
            with pytest.raises(InsufficientPrivilege), analyst.transaction():
                analyst.execute(f"select from {table} for key share".encode())


def test_two_first_migrations_at_once_make_one_schema(warehouse: Warehouse) -> None:
    with psycopg.connect(warehouse.url("cchc_owner")) as owner:
        owner.execute("drop schema staging, core, mart, ops cascade")

    def start(_: int) -> int:
        with psycopg.connect(warehouse.url("cchc_owner")) as connection:
            return len(migrate(connection))

    with ThreadPoolExecutor(2) as starts:
        applied = sorted(starts.map(start, range(2)))
    files = len(list(SQL.glob("schema/*.sql"))) + len(list(SQL.glob("views/*.sql")))
    assert applied == [0, files]
    # The first start revoked the rights of PUBLIC, too.
    may_make_tables = "select has_database_privilege(%s, current_database(), 'temporary')"
    assert warehouse.query(may_make_tables, ["cchc_loader"]) == [(True,)]
    assert warehouse.query(may_make_tables, ["cchc_analyst"]) == [(False,)]


@pytest.fixture
def _edited_view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next migration replaces a view that analysts read."""
    shutil.copytree(SQL, tmp_path / "sql")
    monkeypatch.setattr(migrations, "SQL", tmp_path / "sql")
    view = tmp_path / "sql" / "views" / "mart.attainment_latest.sql"
    view.write_text(view.read_text(encoding="utf-8") + "\n-- edited\n", encoding="utf-8")


@pytest.mark.usefixtures("_edited_view")
def test_migration_error_names_the_session_that_it_waits_for_and_how_to_end_it(warehouse: Warehouse) -> None:
    with an_analyst(warehouse) as analyst, psycopg.connect(warehouse.url("cchc_owner"), autocommit=True) as owner:
        analyst.execute("select from mart.attainment_latest")
        with pytest.raises(MigrationError) as raised:
            migrate(owner, lock_timeout="200ms")
        message, pid = str(raised.value), analyst.info.backend_pid
        assert f"session {pid} of cchc_analyst, report.exe" in message
        assert "mart.attainment_latest" in message
        assert f"pg_terminate_backend({pid})" in message
        with psycopg.connect(warehouse.url("cchc_analyst")) as other:
            other.execute("select pg_terminate_backend(%s, 5000)", [pid])
        assert migrate(owner) == ["views/mart.attainment_latest.sql"]
