"""The embedded server: life cycle, crashes, secrets, access."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from cchc.local import LocalError
from cchc.local.embedded import Database, open_database
from cchc.local.ports import HOST, is_free
from cchc.local.processes import read_command
from cchc.local.roles import ANALYST, ROLES
from cchc.local.server import PORT

SETTINGS = {"fsync": "off"}


def ask(database: Database, query: bytes, role: str = "cchc_loader") -> object:
    with psycopg.connect(database.url(role)) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def read_pid(home: Path) -> int:
    return int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])


def start_user(home: Path) -> subprocess.Popen[str]:
    """Another process that uses the database until it is killed or its standard input ends; it prints its port."""
    program = (
        "import sys; from pathlib import Path; from cchc.local.embedded import open_database\n"
        "with open_database(Path(sys.argv[1])) as database:\n"
        "    print(database.port, flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", program, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )


def test_last_user_stops_the_server(home: Path) -> None:
    with open_database(home, settings=SETTINGS) as outer:
        pid = read_pid(home)
        with open_database(home) as inner:
            assert (inner.port, read_pid(home)) == (outer.port, pid)
        assert ask(outer, b"SELECT 1") == 1
    assert read_command(pid) == []


def test_data_and_passwords_outlive_the_server(home: Path) -> None:
    with open_database(home) as first, psycopg.connect(first.url("cchc_owner")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with open_database(home) as second:
        assert second.credentials == first.credentials
        assert ask(second, b"SELECT answer FROM kept", "cchc_owner") == 42


def test_taken_port_makes_the_server_choose_and_log_another(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    try:
        taken = socket.create_server((HOST, PORT))
    except OSError:  # something of this machine has it already, which serves as well
        taken = socket.socket()
    with taken, open_database(home, settings=SETTINGS) as database:
        assert database.port != PORT
        assert ask(database, b"SELECT 1") == 1
    assert f"port {PORT} is taken: PostgreSQL listens on {database.port}" in caplog.text


def test_two_homes_have_two_servers_with_other_passwords(home: Path) -> None:
    with open_database(home, settings=SETTINGS) as one, open_database(home / "other", settings=SETTINGS) as other:
        assert one.port != other.port
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(one.url("cchc_loader").replace(str(one.port), str(other.port)))


def test_server_outlives_a_killed_user_until_the_next_one_leaves(home: Path) -> None:
    with start_user(home) as user:
        assert user.stdout is not None
        port = int(user.stdout.readline())
        pid = read_pid(home)
        user.kill()
    assert not is_free(port)
    with open_database(home) as database:
        assert (database.port, read_pid(home)) == (port, pid)
    assert read_command(pid) == []


def test_interrupt_of_the_terminal_does_not_reach_the_server(home: Path) -> None:
    with open_database(home, settings=SETTINGS) as database:
        assert os.getpgid(read_pid(home)) != os.getpgid(0)
        assert os.getsid(read_pid(home)) != os.getsid(0)
        assert ask(database, b"SELECT 1") == 1


def test_killed_server_recovers_what_was_committed(home: Path) -> None:
    with open_database(home) as database:
        with psycopg.connect(database.url("cchc_owner")) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        pid = read_pid(home)
        os.kill(pid, signal.SIGKILL)
        while read_command(pid):
            time.sleep(0.01)
        with open_database(home) as again:
            assert ask(again, b"SELECT answer FROM kept", "cchc_owner") == 42


@pytest.mark.parametrize("content", ["{own}\n{data}\n0\n5999\n\n127.0.0.1\n", "", "4194304\n"])
def test_pid_file_of_a_crashed_machine_is_no_obstacle(home: Path, content: str) -> None:
    with open_database(home, settings=SETTINGS):
        pass
    data = home / "postgres" / "data"
    stale = data / "postmaster.pid"
    stale.write_text(content.format(own=os.getpid(), data=data))
    os.chown(stale, data.stat().st_uid, data.stat().st_gid)
    with open_database(home, settings=SETTINGS) as database:
        assert ask(database, b"SELECT 1") == 1


def test_half_made_data_folder_is_made_anew(home: Path) -> None:
    draft = home / "postgres" / "draft" / "data"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    with open_database(home, settings=SETTINGS) as database:
        assert ask(database, b"SELECT 1") == 1
    assert not draft.parent.exists()


def test_half_made_roles_and_databases_are_completed(home: Path) -> None:
    with open_database(home, settings=SETTINGS) as database:
        with psycopg.connect(database.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute("DROP DATABASE cchc")
            connection.execute("DROP ROLE cchc_analyst")
            connection.execute("CREATE DATABASE cchc OWNER cchc_owner")
        with open_database(home):
            assert ask(database, b"SHOW default_transaction_read_only", "cchc_analyst") == "on"
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(database.url("airflow"))


def test_lost_passwords_are_named_as_the_reason(home: Path) -> None:
    with open_database(home, settings=SETTINGS):
        pass
    secrets = home / "secrets.json"
    secrets.write_text(json.dumps({**json.loads(secrets.read_text()), "postgres": "forgotten"}))
    with pytest.raises(LocalError, match=r"secrets\.json"), open_database(home):
        pass


def test_secrets_are_readable_by_their_owner_only(home: Path) -> None:
    with open_database(home, settings=SETTINGS):
        assert (home / "secrets.json").stat().st_mode & 0o777 == 0o600
        assert (home / "postgres" / "data").stat().st_mode & 0o777 == 0o700


def test_data_of_another_version_is_declined(home: Path) -> None:
    with open_database(home, major=16, settings=SETTINGS) as database:
        assert str(ask(database, b"SHOW server_version")).startswith("16.")
    with pytest.raises(LocalError, match="made by PostgreSQL 16, this is 18"), open_database(home):
        pass


def test_password_is_required(cluster: Database) -> None:
    for url in (f"postgresql://{role}@{HOST}:{cluster.port}/cchc" for role in ("postgres", "cchc_loader")):
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(url, passfile="/dev/null")


def test_no_role_of_the_installation_has_rights_over_the_server(cluster: Database) -> None:
    query = (
        b"SELECT string_agg(rolname, ', ') FROM pg_roles WHERE rolname <> 'postgres'"
        b" AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)"
    )
    assert ask(cluster, query) is None


def test_server_speaks_utf8_and_utc_on_loopback_only(cluster: Database) -> None:
    wanted = {
        "server_encoding": "UTF8",
        "timezone": "UTC",
        "listen_addresses": HOST,
        "unix_socket_directories": "",
        "fsync": "off",  # a setting that this server was opened with
    }
    assert {name: ask(cluster, b"SHOW " + name.encode(), "postgres") for name in wanted} == wanted
    assert ask(cluster, "SELECT lower('ĐÚNG HẠN')".encode()) == "đúng hạn"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user for PostgreSQL")
def test_root_uses_a_closed_folder_without_opening_it(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with open_database(closed / "home", settings=SETTINGS) as database:
        assert ask(database, b"SELECT 1") == 1
        status = Path(f"/proc/{read_pid(closed / 'home')}/status").read_text()
    assert closed.stat().st_mode & 0o777 == 0o700
    assert "\nUid:\t0\t" not in status


def test_analysts_who_hold_every_session_are_named_in_one_line(cluster: Database) -> None:
    with ExitStack() as opened:
        for _ in range(ROLES[ANALYST].connections):
            opened.enter_context(psycopg.connect(cluster.url(ANALYST)))
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "CCHC_HOME": str(cluster.home)}
        command = [sys.executable, "-m", "cchc.local", "sql", "select 1"]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("analysts hold all the sessions that they may have at once: close programs")
    assert result.stderr.count("\n") == 1


def test_analyst_does_not_fill_the_servers_log(cluster: Database) -> None:
    with psycopg.connect(cluster.url(ANALYST), autocommit=True) as analyst:
        analyst.execute("do $$ begin raise log 'much of nothing'; end $$")
        for harm in ("select 1 / 0 as much_of_nothing", "set log_min_messages = 'debug1'"):
            with pytest.raises(psycopg.Error):
                analyst.execute(harm.encode())
    assert "much" not in (cluster.home / "postgres" / "server.log").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can work in another user's home")
def test_root_locks_the_homes_owner_out_of_nothing(home: Path) -> None:
    home.mkdir()
    os.chown(home, 1, 1)
    with open_database(home, settings=SETTINGS):
        pass
    assert {file.lstat().st_uid for file in [home, *home.rglob("*")]} == {1}
