"""The embedded PostgreSQL: made at first use, started by the first user, stopped by the last.

Files of an installation, all under its home: ``postgres/data``, ``postgres/server.log`` and ``postgres/server.place``
of the server, ``secrets.json`` with the passwords, ``postgres.lock`` held while the server is made, started or stopped,
and ``postgres.users`` held shared by every user. A lock ends with its process, also with a killed one. So a killed
command leaves at most a running server, which the next command uses and then stops.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from cchc.local import LocalError
from cchc.local.credentials import read_credentials
from cchc.local.lock_files import open_lock
from cchc.local.ports import HOST
from cchc.local.programs import prepare_programs
from cchc.local.roles import set_roles
from cchc.local.server import Server

MAJOR = 18

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
        """A descriptor that keeps the server running as long as a process, or a child that inherits it, has it open."""
        with open_lock(self.home / "postgres.users") as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            yield users.fileno()


@contextmanager
def open_database(home: Path, *, major: int = MAJOR, settings: Mapping[str, str] | None = None) -> Iterator[Database]:
    """The running embedded server of ``home`` with its roles and databases; it runs at least until the context ends.

    ``settings``: server settings beside ``SETTINGS``, for a server that is started here. Raises LocalError.
    """
    _check_name(home)
    home.mkdir(parents=True, exist_ok=True)
    server = Server(prepare_programs(major, home / "postgres"), {**SETTINGS, **(settings or {})})
    with open_lock(home / "postgres.users") as users:
        try:
            with _locked(home):
                _decline_elsewhere(users, server)
                fcntl.flock(users, fcntl.LOCK_SH)
                credentials = read_credentials(home, is_new=not server.data.exists())
                port = server.ensure_running(credentials["postgres"])
                database = Database(home, HOST, port, credentials)
                set_roles(partial(database.url, "postgres"), credentials)
            yield database
        finally:
            with _locked(home):
                _stop_if_last(users, server)


def _check_name(home: Path) -> None:
    """Raise LocalError for a name that PostgreSQL's own files or Airflow's settings can't hold."""
    name = str(home)
    if not name.isprintable():
        raise LocalError(f"the name of the home, {name!r}, holds a line end or the like: set CCHC_HOME to another")
    if os.path.expandvars(name) != name:
        raise LocalError(f"the name of the home, {name}, holds the name of a variable: set CCHC_HOME to another")


def stop_if_unused(home: Path) -> None:
    """Stop the server of ``home`` if a killed user left it running."""
    if (home / "postgres").exists():
        server = Server(prepare_programs(MAJOR, home / "postgres"), SETTINGS)
        with _locked(home), open_lock(home / "postgres.users") as users:
            _decline_elsewhere(users, server)
            _stop_if_last(users, server)


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    with open_lock(home / "postgres.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _decline_elsewhere(users: IO[str], server: Server) -> None:
    """Raise LocalError where an invisible server uses the data: a second server would destroy them."""
    if _runs_elsewhere(users, server):
        raise LocalError(
            f"the database {server.data} is in use on another machine or in another container, where it was started"
            f" ({server.place.read_text().strip()}): use it there, or make down there. If nothing runs there any"
            f" more, remove {server.place}"
        )


def _runs_elsewhere(users: IO[str], server: Server) -> bool:
    return server.is_elsewhere() and (not _is_alone(users) or server.answers())


def _is_alone(users: IO[str]) -> bool:
    """Whether no other process uses the database; releases the caller's share of the lock."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stop_if_last(users: IO[str], server: Server) -> None:
    if _is_alone(users) and not _runs_elsewhere(users, server):
        server.stop()
