"""`make sql`: what an analyst's program reads from it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cchc.local.embedded import Database, open_database
from cchc.settings import CHECKOUT


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Database]]:
    """A home whose server runs while the tests of this file ask it."""
    home = tmp_path_factory.mktemp("analysed")
    with open_database(home, settings={"fsync": "off"}) as database:
        yield home, database


def clean_environment(home: Path) -> dict[str, str]:
    """This process's environment without what an outer make or Airflow put there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "AIRFLOW_"))}
    return {**kept, "PYTHONPATH": "plugins:.", "CCHC_HOME": str(home)}


def run(command: list[str], home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**clean_environment(home), **variables}
    return subprocess.run(command, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)


def run_sql(home: Path, query: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run([sys.executable, "-m", "cchc.local", "sql", "--", query], home, **variables)


def test_answer_is_csv_with_a_header_and_nothing_else(analysed: tuple[Path, Database]) -> None:
    said = run_sql(analysed[0], "select 1 as one, null as missing, 'Cai Lậy, \"thị xã\"' as name")
    assert (said.stdout, said.stderr) == ('one,missing,name\n1,,"Cai Lậy, ""thị xã"""\n', "")


def test_make_hands_the_query_on_as_it_is(analysed: tuple[Path, Database]) -> None:
    query = 'select $$it\'s $(shell echo harm) `id` "$HOME" \\n$$ as text\n-- and a comment'
    said = run(["make", "--no-print-directory", "sql", f"Q={query}"], analysed[0])
    assert said.stdout == 'text\n"it\'s $(shell echo harm) `id` ""$HOME"" \\n"\n'


def test_mistake_goes_to_standard_error_with_code_1(analysed: tuple[Path, Database]) -> None:
    said = run_sql(analysed[0], "select nothing from nowhere")
    assert (said.returncode, said.stdout) == (1, "")
    assert 'relation "nowhere" does not exist' in said.stderr


def test_empty_query_is_refused_with_an_example(analysed: tuple[Path, Database]) -> None:
    said = run_sql(analysed[0], " ")
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.startswith("name a query: make sql Q=")


def test_analyst_reads_only(analysed: tuple[Path, Database]) -> None:
    said = run_sql(analysed[0], "create table public.mine (a int)")
    assert said.returncode == 1
    assert "read-only transaction" in said.stderr
    said = run_sql(analysed[0], "begin read write; create table public.mine (a int)")
    assert "permission denied for schema public" in said.stderr


@pytest.mark.parametrize("form", ["json", "uri"])
def test_another_warehouse_is_asked_as_the_analyst(analysed: tuple[Path, Database], tmp_path: Path, form: str) -> None:
    _, database = analysed
    password = database.credentials["postgres"]
    forms = {
        "json": f'{{"conn_type": "postgres", "host": "127.0.0.1", "port": {database.port}, "login": "postgres",'
        f' "password": "{password}", "schema": "cchc", "extra": {{"application_name": "elsewhere"}}}}',
        "uri": f"postgres://postgres:{password}@127.0.0.1:{database.port}/cchc?application_name=elsewhere",
    }
    query = "select current_user, current_setting('transaction_read_only'), current_setting('application_name') as app"
    said = run_sql(tmp_path / "unused", query, AIRFLOW_CONN_WAREHOUSE=forms[form])
    assert said.stdout == "current_user,current_setting,app\ncchc_analyst,on,elsewhere\n"
    assert not (tmp_path / "unused").exists()


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """A shell's background job ignores Ctrl-C, and so would its children: these are to be as in the foreground."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_query_leaves_no_server(home: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "cchc.local", "sql", "--", "select pg_sleep(100)"]
    with open_database(home) as database, psycopg.connect(database.url("postgres"), autocommit=True) as watcher:
        asked = subprocess.Popen(command, env=clean_environment(home), cwd=CHECKOUT, stderr=subprocess.PIPE)
        while not watcher.execute("SELECT FROM pg_stat_activity WHERE query = 'select pg_sleep(100)'").rowcount:
            assert asked.poll() is None
    asked.send_signal(number)
    asked.communicate()
    assert asked.returncode == 128 + number
    assert not (home / "postgres" / "data" / "postmaster.pid").exists()
