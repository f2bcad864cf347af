"""The embedded server after faults: the present command, or the next one, repairs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from cchc.local import LocalError, server
from cchc.local.embedded import MAJOR, Database, open_database, stop_if_unused
from cchc.local.processes import read_command, runs_in
from cchc.local.programs import prepare_programs
from cchc.local.server import find_reason
from cchc.settings import CHECKOUT
from tests.conftest import open_folder

SETTINGS = {"fsync": "off"}


def read_pid(home: Path) -> int:
    return int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])


def ask(database: Database, query: bytes, role: str = "cchc_loader") -> object:
    with psycopg.connect(database.url(role)) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def keep_something(database: Database) -> None:
    with psycopg.connect(database.url("cchc_owner")) as connection:
        connection.execute("create table kept as select 42 as answer")


def find_children(pid: int) -> dict[str, int]:
    """Processes of the server by their titles, such as ``checkpointer``."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {" ".join(read_command(int(child))).removeprefix("postgres: ").strip(): int(child) for child in children}


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A home whose database is made and stopped."""
    with open_folder() as folder:
        with open_database(folder / "home", settings=SETTINGS) as database:
            keep_something(database)
        yield folder / "home"


@pytest.fixture
def copied(made: Path, home: Path) -> Path:
    """A copy of it; to make another takes longer."""
    subprocess.run(["cp", "-a", str(made), str(home)], check=True)
    return home


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "STOP_SECONDS", 1)


@pytest.mark.parametrize("pause", [0.0, 0.02])
def test_killed_backend_keeps_no_server_from_stopping(copied: Path, pause: float) -> None:
    with open_database(copied, settings=SETTINGS) as database, ExitStack() as opened:
        backends = [opened.enter_context(psycopg.connect(database.url("cchc_loader"))) for _ in range(3)]
        pid = read_pid(copied)
        os.kill(backends[0].info.backend_pid, signal.SIGKILL)
        time.sleep(pause)
        stop_began = time.monotonic()
    assert read_command(pid) == []
    assert time.monotonic() - stop_began < server.STOP_SECONDS
    with open_database(copied, settings=SETTINGS) as database:
        assert ask(database, b"select answer from kept", "cchc_owner") == 42


def test_server_that_recovers_is_waited_for(copied: Path) -> None:
    with open_database(copied, settings=SETTINGS) as database, psycopg.connect(database.url("cchc_loader")) as killed:
        pid = read_pid(copied)
        os.kill(killed.info.backend_pid, signal.SIGKILL)
        with open_database(copied) as again:
            assert ask(again, b"select 1") == 1
            assert read_pid(copied) == pid


@pytest.mark.usefixtures("_impatient")
def test_server_that_hangs_in_its_stop_is_ended_and_started_again(copied: Path) -> None:
    with open_database(copied, settings=SETTINGS):
        pid = read_pid(copied)
        checkpointer = find_children(pid)["checkpointer"]
        os.kill(checkpointer, signal.SIGSTOP)  # nothing that stops goes on without it
        os.kill(pid, signal.SIGINT)
        with open_database(copied) as again:
            assert read_pid(copied) != pid
            assert ask(again, b"select answer from kept", "cchc_owner") == 42
    assert read_command(pid) == []
    assert read_command(checkpointer) == []


@pytest.mark.usefixtures("_impatient")
def test_last_user_ends_a_server_that_does_not_stop(copied: Path) -> None:
    with open_database(copied, settings=SETTINGS):
        pid = read_pid(copied)
        os.kill(find_children(pid)["checkpointer"], signal.SIGSTOP)
    assert read_command(pid) == []


@pytest.mark.usefixtures("_impatient")
def test_children_of_a_killed_server_that_stay_are_ended(copied: Path) -> None:
    with open_database(copied, settings=SETTINGS) as database:
        pid = read_pid(copied)
        with closing(psycopg.connect(database.url("cchc_loader"), autocommit=True)) as busy:
            busy.pgconn.send_query(b"select count(*) from generate_series(1, 1e10)")  # it never looks up
            busy_pid = busy.info.backend_pid
            os.kill(pid, signal.SIGKILL)
            with open_database(copied) as again:
                assert ask(again, b"select answer from kept", "cchc_owner") == 42
                assert read_command(busy_pid) == []


def test_server_that_recovers_for_long_is_left_to_it(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recovery of PostgreSQL that waits for an archive of its log."""
    (copied / "postgres" / "data" / "recovery.signal").touch()
    owner = (copied / "postgres" / "data").stat()
    os.chown(copied / "postgres" / "data" / "recovery.signal", owner.st_uid, owner.st_gid)
    with monkeypatch.context() as impatient:
        impatient.setattr(server, "PATIENCE_SECONDS", 1)
        impatient.setattr(server, "STOP_SECONDS", 1)
        message = "still recovering from a crash after 1 s, and goes on by itself: run this again later"
        settings = {**SETTINGS, "restore_command": "sleep 2; false"}
        with pytest.raises(LocalError, match=message), open_database(copied, settings=settings):
            pass
        pid = read_pid(copied)
        stop_if_unused(copied)
        assert read_command(pid)
    with open_database(copied) as again:
        assert ask(again, b"select answer from kept", "cchc_owner") == 42
        assert read_pid(copied) == pid
    assert read_command(pid) == []


def test_database_in_use_in_another_container_is_declined_and_unchanged(copied: Path) -> None:
    unseen = ["unshare", "--pid", "--ipc", "--fork", "--mount-proc"]
    if subprocess.run([*unseen, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no processes can be hidden here")
    with open_database(copied, settings=SETTINGS) as database:
        pid = read_pid(copied)
        for command in ("sql", "select 1"), ("down",):
            result = run_command(copied, *command, prefix=unseen)
            assert (result.returncode, result.stdout) == (1, "")
            assert "is in use on another machine or in another container" in result.stderr
            assert result.stderr.count("\n") == 1
        assert read_pid(copied) == pid
        assert ask(database, b"select 1") == 1
        with open_database(copied) as again:
            assert read_pid(copied) == pid
            assert ask(again, b"select 1") == 1
        kept = (copied / "postgres" / "data" / "postmaster.pid").read_text()
    # Files of a crash elsewhere are no obstacle: no process uses them. Another server may have the port by now.
    lines = kept.split("\n")
    lines[3] = "1"  # where nobody listens
    (copied / "postgres" / "data" / "postmaster.pid").write_text("\n".join(lines))
    result = run_command(copied, "sql", "select 1", prefix=unseen)
    assert (result.returncode, result.stdout) == (0, "?column?\n1\n")


def test_missing_log_has_no_crash_and_a_large_one_is_renamed(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = copied / "postgres" / "server.log"
    log.unlink()
    assert not server.Server(prepare_programs(MAJOR, copied / "postgres"), {})._has_crash_in_log()
    log.write_text("old\n")
    monkeypatch.setattr(server, "MAX_LOG", 3)
    with open_database(copied, settings=SETTINGS):
        assert "old" not in log.read_text()
    assert log.with_name("server.log.before").read_text() == "old\n"


def test_shared_memory_that_is_another_servers_by_now_is_no_obstacle(copied: Path) -> None:
    """A pid file from before a reboot names the memory that another home's server has got since."""
    other = copied.with_name("other")
    subprocess.run(["cp", "-a", str(copied), str(other)], check=True)
    with open_database(other, settings=SETTINGS) as database:
        lines = (other / "postgres" / "data" / "postmaster.pid").read_text().split("\n")
        stale = copied / "postgres" / "data" / "postmaster.pid"
        stale.write_text("\n".join(["4194304", str(stale.parent), *lines[2:]]))
        began = time.monotonic()
        with open_database(copied, settings=SETTINGS) as again:
            assert ask(again, b"select 1") == 1
        assert time.monotonic() - began < server.STOP_SECONDS
        assert ask(database, b"select 1") == 1


def test_server_that_was_restarted_by_another_name_is_used(copied: Path) -> None:
    with open_database(copied, settings=SETTINGS) as database:
        programs = prepare_programs(MAJOR, copied / "postgres")
        assert programs.run("pg_ctl", "stop", f"--pgdata={copied / 'postgres/data'}", "--wait").returncode == 0
        (copied / "link").symlink_to(copied / "postgres")
        options = f"--options=--port={database.port} --unix_socket_directories= --fsync=off"
        started = programs.run("pg_ctl", "start", f"--pgdata={copied / 'link/data'}", "--wait", "--silent", options,
                               f"--log={copied / 'postgres/by-hand.log'}")  # fmt: skip
        assert started.returncode == 0, started.stdout
        pid = read_pid(copied)
        with open_database(copied) as again:
            assert ask(again, b"select 1") == 1
            assert read_pid(copied) == pid
    assert read_command(pid) == []


def test_every_connection_taken_is_reported_in_one_line(copied: Path) -> None:
    settings = {**SETTINGS, "max_connections": "5", "superuser_reserved_connections": "1"}
    with open_database(copied, settings=settings) as database, ExitStack() as opened:
        for _ in range(5):
            opened.enter_context(psycopg.connect(database.url("postgres")))
        with pytest.raises(LocalError, match="all connections of the embedded PostgreSQL are taken"):
            opened.enter_context(open_database(copied))


def test_home_of_any_name_works_and_no_shell_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home with any name that a folder may have, but for line ends and variables."""
    monkeypatch.chdir(tmp_path)
    with open_folder() as folder:
        home = folder / "a b 'c' \"d\" $(touch harm) `touch harm`; touch harm & $NONE back\\slash Cai Lậy %s"
        with open_database(home, settings=SETTINGS) as database:
            assert ask(database, b"select 1") == 1
            assert runs_in(read_pid(home), home / "postgres" / "data")
        assert list(folder.iterdir()) == [home]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["line\nend", "$HOME", "${HOME}x", "tab\t"])
def test_name_that_no_setting_can_hold_is_declined(tmp_path: Path, name: str) -> None:
    with pytest.raises(LocalError, match="set CCHC_HOME to another"), open_database(tmp_path / name):
        pass
    assert list(tmp_path.iterdir()) == []


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A file system of its own at ``folder``, where this machine lets us mount one."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def run_command(home: Path, *command: str, prefix: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": "plugins:.", "CCHC_HOME": str(home)}
    called = [*prefix, sys.executable, "-m", "cchc.local", *command]
    return subprocess.run(called, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)


def run_sql(home: Path) -> subprocess.CompletedProcess[str]:
    return run_command(home, "sql", "--", "select 1")


@pytest.mark.parametrize("size", ["16k", "8m"])
def test_full_disk_is_reported_and_the_rest_is_made_later(home: Path, size: str) -> None:
    with mounted(home, f"size={size},mode=755"):
        result = run_sql(home)
        assert (result.returncode, result.stdout) == (1, "")
        assert "No space left on device" in result.stderr
        assert "Traceback" not in result.stderr
        subprocess.run(["mount", "-o", "remount,size=200m", str(home)], check=True)
        assert run_sql(home).stdout == "?column?\n1\n"


def test_disk_that_is_full_when_the_server_starts_is_reported(home: Path) -> None:
    with mounted(home, "size=200m,mode=755"):
        assert run_sql(home).returncode == 0
        filler = home / "filler"
        subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=64k"], capture_output=True, check=False)
        result = run_sql(home)
        assert (result.returncode, result.stdout) == (1, "")
        assert "No space left on device" in result.stderr
        assert "Traceback" not in result.stderr
        filler.unlink()
        assert run_sql(home).stdout == "?column?\n1\n"


def test_read_only_home_is_reported_in_one_line(home: Path) -> None:
    with mounted(home, "size=1m,mode=755"):
        subprocess.run(["mount", "-o", "remount,ro", str(home)], check=True)
        result = run_sql(home)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"Read-only file system: {home / 'postgres'}. Solve that, then run it again.\n"


def test_home_that_is_a_file_is_reported_in_one_line(home: Path) -> None:
    home.write_text("")
    result = run_sql(home)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"File exists: {home}. Solve that, then run it again.\n"
    home.unlink()


def test_reason_is_the_line_that_a_person_can_act_on() -> None:
    log = 'LOG:  starting\nFATAL:  could not open "x": Permission denied\nLOG:  database system is shut down\n'
    assert find_reason(log) == 'FATAL:  could not open "x": Permission denied'
    assert find_reason("initdb: error: no locale\n") == "initdb: error: no locale"
    assert find_reason("") == "it printed nothing"
