"""Roles of the embedded server: the next start undoes an analyst's changes of roles, sessions and connections."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from cchc.local import roles
from cchc.local.embedded import Database, open_database
from cchc.local.roles import ANALYST, LIMITS, ROLES, matches_password
from tests.conftest import open_folder

STATE = """
select r.rolname, r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolreplication or r.rolbypassrls, r.rolcanlogin,
    r.rolconnlimit, array(select unnest(s.setconfig) from pg_db_role_setting as s where s.setrole = r.oid order by 1),
    array(select m.roleid::regrole::text from pg_auth_members as m where m.member = r.oid order by 1)
from pg_roles as r where r.rolname like 'cchc%' or r.rolname = 'airflow' order by 1
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Database]:
    """A server that runs while the tests of this file open it again and again."""
    with open_folder() as home, open_database(home, settings={"fsync": "off"}) as database:
        yield database


def start_again(server: Database) -> None:
    """Set the roles, as every command does first."""
    with open_database(server.home):
        pass


def ask(server: Database, statement: str, role: str = "postgres", database: str = "postgres") -> list[tuple[Any, ...]]:
    with psycopg.connect(server.url(role, database), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


@contextmanager
def an_analyst(server: Database) -> Iterator[psycopg.Connection]:
    """A session that has lifted all limits that it can lift."""
    with closing(psycopg.connect(server.url(ANALYST))) as connection:
        connection.execute("set default_transaction_read_only = off")
        for limit in LIMITS:
            connection.execute(f"set {limit} = 0".encode())
        connection.commit()
        yield connection


def test_every_start_sets_the_roles_again(server: Database) -> None:
    before = ask(server, STATE)
    with an_analyst(server) as analyst:
        analyst.execute("alter role cchc_analyst set default_transaction_read_only = off")
        analyst.execute("alter role cchc_analyst in database cchc set statement_timeout = 1")
        analyst.execute("alter role cchc_analyst set search_path = nowhere")
        analyst.execute("alter role cchc_analyst password 'mine alone'")
        analyst.commit()
    for statement in (
        "alter role cchc_loader createrole valid until '2020-01-01'",
        "alter role cchc_analyst connection limit 0",
        "grant cchc_owner, pg_signal_backend to cchc_analyst",
    ):
        ask(server, statement)
    assert {row[0] for row in ask(server, STATE) if row not in before} == {"cchc_analyst", "cchc_loader"}
    start_again(server)
    assert ask(server, STATE) == before
    assert ask(server, "select 1", ANALYST, "cchc") == [(1,)]
    assert ask(server, "select 1", "cchc_loader", "cchc") == [(1,)]


def test_guest_that_was_made_an_analyst_stays_one(server: Database) -> None:
    ask(server, "create role cchc_guest")
    ask(server, "grant cchc_analyst, cchc_loader to cchc_guest")
    start_again(server)
    guest = [row for row in ask(server, STATE) if row[0] == "cchc_guest"]
    ask(server, "drop role cchc_guest")
    assert guest[0][-1] == ["cchc_analyst"]


def test_role_that_is_being_changed_is_set_without_waiting(server: Database) -> None:
    with an_analyst(server) as analyst:
        analyst.execute("alter role cchc_analyst password 'mine alone'")
        analyst.commit()
        analyst.execute("alter role cchc_analyst password 'mine alone, too'")
        began = time.monotonic()
        start_again(server)
        assert time.monotonic() - began < 4
        assert ask(server, "select 1", ANALYST, "cchc") == [(1,)]
        with pytest.raises(psycopg.OperationalError):
            analyst.execute("select 1")


def test_start_changes_nothing_where_all_is_right(server: Database) -> None:
    rows = "select xmin::text from pg_authid union all select xmin::text from pg_database order by 1"
    before = ask(server, rows)
    start_again(server)
    assert ask(server, rows) == before


def test_analysts_leave_connections_to_the_others(server: Database) -> None:
    with ExitStack() as opened:
        for _ in range(ROLES[ANALYST].connections):
            opened.enter_context(psycopg.connect(server.url(ANALYST)))
        with pytest.raises(psycopg.OperationalError, match='too many connections for role "cchc_analyst"'):
            psycopg.connect(server.url(ANALYST))
        for role, database in (("cchc_loader", "cchc"), ("cchc_owner", "cchc"), ("airflow", "airflow")):
            assert ask(server, "select 1", role, database) == [(1,)]
        start_again(server)


def test_session_beyond_its_limit_is_ended_at_a_start(server: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with an_analyst(server) as idle, psycopg.connect(server.url("cchc_loader")) as loader:
        idle.execute("select 1")
        loader.execute("select 1")
        start_again(server)
        idle.execute("select 1")  # within its limit
        monkeypatch.setattr(roles, "LIMITS", {**LIMITS, "idle_in_transaction_session_timeout": "0s"})
        start_again(server)
        with pytest.raises(psycopg.OperationalError):
            idle.execute("select 1")
        loader.execute("select 1")


def test_limits_of_analysts_are_set(server: Database) -> None:
    with psycopg.connect(server.url(ANALYST), autocommit=True) as analyst:
        rows = [analyst.execute(f"show {name}".encode()).fetchone() for name in ROLES[ANALYST].settings]
    assert [row and row[0] for row in rows] == list(ROLES[ANALYST].settings.values())
    with an_analyst(server) as analyst, pytest.raises(InsufficientPrivilege):
        analyst.execute("set temp_file_limit = -1")


@pytest.mark.parametrize(
    "statement",
    [
        "select pg_advisory_lock(n) from generate_series(1, 100000) as n",
        "select pg_try_advisory_xact_lock_shared(1, 2)",
        "select lo_from_bytea(0, 'x')",
        "select lo_create(0)",
        "select pg_logical_emit_message(false, 'x', 'x')",
        "create temporary table mine as select 1 as one",
        "create table public.mine as select 1 as one",
    ],
)
def test_analyst_takes_no_shared_resource(server: Database, statement: str) -> None:
    with an_analyst(server) as analyst, pytest.raises(InsufficientPrivilege):
        analyst.execute(statement.encode())


@pytest.mark.parametrize("database", ["postgres", "template1", "airflow"])
def test_analyst_connects_to_the_warehouse_only(server: Database, database: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(server.url(ANALYST, database))


def test_rights_of_an_older_home_are_revoked(server: Database) -> None:
    for statement in (
        "grant temporary, connect on database cchc to public",
        "grant temporary on database cchc to cchc_analyst",
        "grant connect on database postgres to public",
    ):
        ask(server, statement)
    start_again(server)
    may = "select has_database_privilege('cchc_analyst', %s, %s)"
    with psycopg.connect(server.url("postgres", "postgres")) as connection:
        assert [
            connection.execute(may, [database, right]).fetchone()
            for database, right in (("cchc", "temporary"), ("postgres", "connect"), ("cchc", "connect"))
        ] == [(False,), (False,), (True,)]


def test_stored_verifier_matches_its_password(server: Database) -> None:
    (kept,) = ask(server, "select rolpassword from pg_authid where rolname = 'cchc_loader'")[0]
    assert matches_password(str(kept), server.credentials["cchc_loader"])
    assert not matches_password(str(kept), server.credentials["cchc_owner"])
    assert not matches_password("md5" + 32 * "0", server.credentials["cchc_loader"])
