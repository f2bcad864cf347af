"""`make sql`: its output for an analyst's program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cchc.local.embedded import MAJOR, Database, open_database
from cchc.local.programs import find_programs
from cchc.settings import CHECKOUT
from tests.libpq import LIBPQ_VARIABLES


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Database]]:
    """A home whose server runs for the tests of this file."""
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
    ended = run_sql(analysed[0], "select 1 as one, null as missing, 'Cai Lậy, \"thị xã\"' as name")
    assert (ended.stdout, ended.stderr) == ('one,missing,name\n1,,"Cai Lậy, ""thị xã"""\n', "")


def test_make_passes_the_query_unchanged(analysed: tuple[Path, Database]) -> None:
    query = 'select $$it\'s $(shell echo harm) `id` "$HOME" \\n$$ as text\n-- and a comment'
    ended = run(["make", "--no-print-directory", "sql", f"Q={query}"], analysed[0])
    assert ended.stdout == 'text\n"it\'s $(shell echo harm) `id` ""$HOME"" \\n"\n'


def test_mistake_goes_to_standard_error_with_code_1(analysed: tuple[Path, Database]) -> None:
    ended = run_sql(analysed[0], "select nothing from nowhere")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert 'relation "nowhere" does not exist' in ended.stderr


def test_empty_query_is_declined_with_an_example(analysed: tuple[Path, Database]) -> None:
    ended = run_sql(analysed[0], " ")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("name a query: make sql Q=")


def test_analyst_reads_only(analysed: tuple[Path, Database]) -> None:
    ended = run_sql(analysed[0], "create table public.mine (a int)")
    assert ended.returncode == 1
    assert "read-only transaction" in ended.stderr
    ended = run_sql(analysed[0], "begin read write; create table public.mine (a int)")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "make sql runs one statement, these are several: run make psql, or one at a time\n"


@pytest.mark.parametrize("form", ["json", "uri"])
def test_query_on_another_warehouse_runs_as_the_analyst(
    analysed: tuple[Path, Database], tmp_path: Path, form: str
) -> None:
    _, database = analysed
    password = database.credentials["postgres"]
    forms = {
        "json": f'{{"conn_type": "postgres", "host": "127.0.0.1", "port": {database.port}, "login": "postgres",'
        f' "password": "{password}", "schema": "cchc", "extra": {{"application_name": "elsewhere"}}}}',
        "uri": f"postgres://postgres:{password}@127.0.0.1:{database.port}/cchc?application_name=elsewhere",
    }
    query = "select current_user, current_setting('transaction_read_only'), current_setting('application_name') as app"
    ended = run_sql(tmp_path / "unused", query, AIRFLOW_CONN_WAREHOUSE=forms[form])
    assert ended.stdout == "current_user,current_setting,app\ncchc_analyst,on,elsewhere\n"
    assert not (tmp_path / "unused").exists()


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """A shell's background job and its children ignore Ctrl-C; the tests need a process that doesn't."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_query_leaves_no_server(home: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "cchc.local", "sql", "--", "select pg_sleep(100)"]
    with open_database(home) as database, psycopg.connect(database.url("postgres"), autocommit=True) as superuser:
        asked = subprocess.Popen(command, env=clean_environment(home), cwd=CHECKOUT, stderr=subprocess.PIPE)
        while not superuser.execute("SELECT FROM pg_stat_activity WHERE query = 'select pg_sleep(100)'").rowcount:
            assert asked.poll() is None
    began = time.monotonic()
    while asked.poll() is None:  # further signals don't break off the server's stop
        asked.send_signal(number)
        time.sleep(0.3)  # psycopg checks for signals each tenth of a second, and restarts that wait at each signal
    asked.communicate()
    assert asked.returncode == 128 + number
    assert time.monotonic() - began < 60  # the query itself would run on
    assert not (home / "postgres" / "data" / "postmaster.pid").exists()


VALUES = """
select * from (values
    (1, 'a "word", quoted', null, true, timestamptz '2024-06-30 04:30+07', 1.50, array['x y', null], 'infinity'::date),
    (2, '', 'line
end', false, null, 'NaN', '{}', '10000-01-01'),
    (3, '\\.', E'\\r', null, '0044-03-15 BC', 12345678901234567890.123, array['a,b'], null)
) as t (one, "two, too", three, four, five, six, seven, eight)
cross join (values (decode('00ff', 'hex'), '{"a": 1}'::jsonb, point(1, 2), ' x ')) as u (nine, ten, eleven, twelve)
"""


def test_values_are_written_as_psql_writes_them(analysed: tuple[Path, Database]) -> None:
    home, database = analysed
    psql = [str(find_programs(MAJOR) / "psql"), "--no-psqlrc", "--csv", "-c", VALUES, database.url("cchc_analyst")]
    by_psql = subprocess.run(psql, capture_output=True, check=True, env={"PGCLIENTENCODING": "UTF8"}).stdout
    command = [sys.executable, "-m", "cchc.local", "sql", "--", VALUES]
    by_us = subprocess.run(command, capture_output=True, check=True, env=clean_environment(home), cwd=CHECKOUT).stdout
    assert by_us == by_psql


def test_statement_without_rows_or_columns_has_its_own_output(analysed: tuple[Path, Database]) -> None:
    assert run_sql(analysed[0], "select 1 as one where false").stdout == "one\n"
    assert run_sql(analysed[0], "copy (select 1 as one) to stdout with csv header;").stdout == "one\n1\n"
    ended = run_sql(analysed[0], "do $$ begin raise warning 'heard'; end $$")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "WARNING:  heard\n")


def test_command_of_psql_is_declined_with_the_command_for_it(analysed: tuple[Path, Database]) -> None:
    ended = run_sql(analysed[0], "\\d mart.*")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "\\d is a command of psql: run make psql, and give it there\n"


@pytest.mark.parametrize(
    "query",
    [
        "do $$ begin set role none; create table public.mine (a int); end $$",
        "do $$ begin set transaction read write; set role none; create table public.mine (a int); end $$",
        "do $$ begin commit; set transaction read write; set role none; create table public.mine (a int); end $$",
        "set transaction read write; set role none; create table public.mine (a int)",
        "commit; begin read write; set role none; create table public.mine (a int); commit",
    ],
)
def test_another_warehouse_is_only_read(analysed: tuple[Path, Database], tmp_path: Path, query: str) -> None:
    _, database = analysed
    login = database.url("postgres").replace("postgresql:", "postgres:")
    ended = run_sql(tmp_path / "unused", query, AIRFLOW_CONN_WAREHOUSE=login)
    assert (ended.returncode, ended.stdout) == (1, "")
    with psycopg.connect(database.url("postgres")) as connection:
        assert connection.execute("select to_regclass('public.mine')").fetchone() == (None,)


def test_big_result_is_not_kept_in_memory(analysed: tuple[Path, Database]) -> None:
    query = "select repeat('x', 1000) as x from generate_series(1, 200000)"
    # Measured by the process itself: its parent's count begins with the parent's own size.
    program = (
        "import re, sys; from pathlib import Path; from cchc.local.__main__ import main; code = main();"
        " sys.stderr.write(re.search(r'VmHWM:\\s+(\\d+) kB', Path('/proc/self/status').read_text())[1]); sys.exit(code)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, "sql", "--", query],
        env=clean_environment(analysed[0]), cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True,
    )  # fmt: skip
    assert int(ended.stderr) < 150 * 1024, "200 MB of text went through"


def test_reader_that_closes_early_gets_no_error(analysed: tuple[Path, Database]) -> None:
    command = [sys.executable, "-m", "cchc.local", "sql", "--", "select n from generate_series(1, 100000) as n"]
    with subprocess.Popen(
        command, env=clean_environment(analysed[0]), cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as asked:
        assert asked.stdout is not None
        assert asked.stderr is not None
        assert asked.stdout.readline() == b"n\n"
        asked.stdout.close()
        assert asked.stderr.read() == b""


def test_variables_of_libpq_change_nothing(home: Path) -> None:
    """The first start with its migrations, and a query, with every variable set to nonsense."""
    nonsense = dict.fromkeys(LIBPQ_VARIABLES, "nonsense")
    nonsense |= {"PGDATESTYLE": "German", "PGTZ": "America/New_York", "PGCLIENTENCODING": "LATIN1", "PGPORT": "1"}
    query = "select current_date - current_date as days, date '2024-06-30' as day, now() = now() as same, 'ệ' as letter"
    with open_database(home, settings={"fsync": "off"}):
        acknowledged = run(
            [sys.executable, "-m", "cchc.local", "ack", "--", "3f2a9c1e", "vì sao", "", "ai"], home, **nonsense
        )
        assert "3f2a9c1e" in acknowledged.stderr, "the warehouse was made ready, and there is no such alert"
        ended = run_sql(home, query, **nonsense)
    assert (ended.stdout, ended.stderr) == ("days,day,same,letter\n0,2024-06-30,t,ệ\n", "")
