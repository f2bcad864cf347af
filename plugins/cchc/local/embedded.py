"""The embedded PostgreSQL: made at first use, started by the first user, stopped by the last.

Files of an installation, all under its home: ``postgres/data`` and ``postgres/server.log`` of the server,
``secrets.json`` with the passwords, ``postgres.lock`` held while the server is made, started or stopped, and
``postgres.users`` held shared by everyone who uses it. Locks end with their processes, however these end, so a killed
command leaves at most a running server, which the next command uses and then stops.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess
from typing import IO

from cchc.local import LocalError
from cchc.local.credentials import read_credentials
from cchc.local.ports import HOST, choose_port, is_free
from cchc.local.processes import is_attached, read_command
from cchc.local.programs import Programs, prepare_programs
from cchc.local.roles import set_roles

PORT = 5766
MAJOR = 18
PATIENCE_SECONDS = 90

SETTINGS: Mapping[str, str] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # a socket file would need a short path and another rule of access
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True)
class Database:
    """A running embedded server; ``credentials`` are those of ``read_credentials``."""

    home: Path
    host: str
    port: int
    credentials: Mapping[str, str]

    def url(self, role: str, database: str = "cchc") -> str:
        """The libpq URL of ``role`` in ``database``, with the password."""
        return f"postgresql://{role}:{self.credentials[role]}@{self.host}:{self.port}/{database}"

    @contextmanager
    def hold(self) -> Iterator[int]:
        """A descriptor that keeps the server running as long as a process, or a child that it was given to, has it."""
        with (self.home / "postgres.users").open() as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            yield users.fileno()


@contextmanager
def open_database(home: Path, *, major: int = MAJOR, settings: Mapping[str, str] | None = None) -> Iterator[Database]:
    """The embedded server of ``home`` with its roles and databases; it runs at least until the context ends.

    ``settings`` are server settings on top of ``SETTINGS``, for a server that is started here. Raises LocalError.
    """
    home.mkdir(parents=True, exist_ok=True)
    server = Server(prepare_programs(major, home / "postgres"), {**SETTINGS, **(settings or {})})
    with (home / "postgres.users").open("w") as users:
        try:
            with _locked(home):
                fcntl.flock(users, fcntl.LOCK_SH)
                credentials = read_credentials(home)
                port = server.ensure_running(credentials["postgres"])
                database = Database(home, HOST, port, credentials)
                set_roles(partial(database.url, "postgres"), credentials)
            yield database
        finally:
            with _locked(home):
                _stop_if_last(users, server)


def stop_if_unused(home: Path) -> None:
    """Stop the server of ``home`` if one was left running by a killed user."""
    if (home / "postgres").exists():
        server = Server(prepare_programs(MAJOR, home / "postgres"), SETTINGS)
        with _locked(home), (home / "postgres.users").open("w") as users:
            _stop_if_last(users, server)


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    with (home / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _stop_if_last(users: IO[str], server: Server) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    server.stop()


@dataclass(frozen=True)
class Postmaster:
    """What postmaster.pid says of a live server."""

    port: int
    is_ready: bool


@dataclass(frozen=True)
class Server:
    """The server's processes and files; its methods need the lock of the home."""

    programs: Programs
    settings: Mapping[str, str]

    @property
    def data(self) -> Path:
        """The server's own files, complete from the moment that the folder is there."""
        return self.programs.data / "data"

    @property
    def log(self) -> Path:
        """What the server writes while it runs."""
        return self.programs.data / "server.log"

    def ensure_running(self, password: str) -> int:
        """Make and start what isn't there yet, wait until it takes connections; return its port."""
        if not self.data.exists():
            self._initialise(password)
        self._check_version()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            postmaster = self._find_postmaster()
            if postmaster is None:
                self._start()
            elif postmaster.is_ready:
                return postmaster.port
            else:  # starting, recovering or stopping on behalf of a command that was killed
                time.sleep(0.05)
        raise LocalError(f"PostgreSQL was not ready within {PATIENCE_SECONDS} s; its last words are in {self.log}")

    def stop(self) -> None:
        """Stop the server, if it runs, after ending its connections."""
        if self._find_postmaster() is not None:
            said = self._control("stop", "--mode=fast")
            if said.returncode:
                raise LocalError(f"PostgreSQL did not stop: {said.stdout.strip()}")

    def _initialise(self, password: str) -> None:
        """Make the data folder aside and move it to its place when complete; the rest of a killed try is removed."""
        draft = self.programs.data / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        (draft / "password").write_text(password)
        for made in (draft, draft / "password"):
            os.chown(made, self.programs.uid, self.programs.gid)
        said = self.programs.run(
            "initdb",
            f"--pgdata={draft / 'data'}",
            f"--pwfile={draft / 'password'}",
            "--username=postgres",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        )
        if said.returncode:
            raise LocalError(f"PostgreSQL could not make its data folder: {said.stdout.strip()}")
        (draft / "data").rename(self.data)
        shutil.rmtree(draft)

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != str(self.programs.major):
            raise LocalError(f"{self.data} was made by PostgreSQL {made_by}, this is {self.programs.major}")

    def _start(self) -> None:
        port = choose_port(PORT, "PostgreSQL")
        options = shlex.join([f"--port={port}", *(f"--{name}={value}" for name, value in self.settings.items())])
        said = self._control("start", f"--log={self.log}", f"--options={options}")
        if said.returncode and is_free(port):
            raise LocalError(f"PostgreSQL did not start: {said.stdout.strip()}\n{_tail(self.log)}")

    def _control(self, action: str, *options: str) -> CompletedProcess[str]:
        return self.programs.run(
            "pg_ctl", action, f"--pgdata={self.data}", f"--timeout={PATIENCE_SECONDS}", "--wait", *options
        )

    def _find_postmaster(self) -> Postmaster | None:
        """The live server, if any. What a crash left of one is removed once no process of it is left.

        PostgreSQL itself would take any live process with the old number for the old server and refuse to start.
        """
        file = self.data / "postmaster.pid"
        try:
            lines = file.read_text().splitlines() or ["0"]
        except FileNotFoundError:
            return None
        if str(self.data) in read_command(int(lines[0])):
            port, status = (lines[3], lines[7]) if len(lines) > 7 else ("0", "starting")
            return Postmaster(int(port), status.strip() == "ready")
        if len(lines) > 6 and is_attached(int(lines[6].split()[1])):
            return Postmaster(0, is_ready=False)  # its children are still leaving
        file.unlink(missing_ok=True)
        return None


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-5:]) if log.exists() else ""
