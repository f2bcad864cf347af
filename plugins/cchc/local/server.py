"""The processes and files of the embedded PostgreSQL: made, started, found again after any crash, stopped, healed.

Without pg_ctl, which starts the server by a shell that obeys what the name of the home says.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg.pq import PGconn, Ping

from cchc.local import LocalError
from cchc.local.credentials import write_private
from cchc.local.ports import HOST, choose_port, is_free
from cchc.local.processes import find_attached, is_attached, name_place, read_command, runs_in, send_signal
from cchc.local.programs import Programs

logger = logging.getLogger(__name__)

PORT = 5766
PATIENCE_SECONDS = 90  # recovery of what a crash left
STOP_SECONDS = 20  # of a stop, or of the children of a killed server; then it isn't asked any more
CRASH_SECONDS = 2  # of a stop, when a process of the server has crashed
PAUSE_SECONDS = 0.05
CRASH = b"terminating any other active server processes"
LAST_WORDS = 4096
LARGEST_LOG = 50_000_000  # then it is set aside at the next start, and the one before it is dropped


@dataclass(frozen=True)
class Postmaster:
    """What postmaster.pid says of a live server. ``pid`` 0: it was killed, its children use ``shared_memory`` still."""

    pid: int
    port: int
    status: str
    shared_memory: int

    @property
    def is_stopping(self) -> bool:
        """Whether no new connection will be taken any more."""
        return self.pid == 0 or self.status == "stopping"

    def takes_connections(self) -> bool:
        """Whether it does. The file says ready also while the server recovers from a killed process of its own."""
        return self.status == "ready" and self._ping() == Ping.OK

    def is_recovering(self) -> bool:
        """Whether it is starting or recovering: a fast stop that comes in between can hang PostgreSQL 18 for good."""
        return not self.is_stopping and (self.status != "ready" or self._ping() == Ping.REJECT)

    def answers(self) -> bool:
        """Whether a PostgreSQL listens on its port, be it only to say that it isn't ready."""
        return self._ping() in (Ping.OK, Ping.REJECT)

    def _ping(self) -> Ping:
        address = f"host={HOST} port={self.port} dbname=postgres user=postgres connect_timeout=5"
        return Ping(PGconn.ping(address.encode()))


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

    @property
    def place(self) -> Path:
        """Where it was started last, as ``name_place`` says it."""
        return self.programs.data / "server.place"

    def is_elsewhere(self) -> bool:
        """Whether the pid file is of a server that was started where this process can't see processes."""
        lines = self._read_pid_file()
        known = self.place.read_text(errors="replace").strip() if self.place.exists() else ""
        return bool(lines) and known not in ("", name_place()) and not self._is_ours(int(lines[0] or 0))

    def answers(self) -> bool:
        """Whether a PostgreSQL answers at the port of the pid file, wherever it was started."""
        lines = self._read_pid_file()
        return len(lines) > 3 and lines[3].isdecimal() and Postmaster(0, int(lines[3]), "", -1).answers()

    def ensure_running(self, password: str) -> int:
        """Make and start what isn't there yet, heal what hangs, wait until it takes connections; return its port."""
        if not self.data.exists():
            self._initialise(password)
        self._check_version()
        began = time.monotonic()
        while time.monotonic() < began + PATIENCE_SECONDS:
            postmaster = self._find_postmaster()
            if postmaster is None:
                self._start()
            elif postmaster.takes_connections():
                return postmaster.port
            elif postmaster.is_stopping and time.monotonic() > began + STOP_SECONDS:
                self._end()
            else:  # starting, recovering or stopping on behalf of a command that was killed
                time.sleep(PAUSE_SECONDS)
        if self._recovers():
            raise LocalError(
                f"PostgreSQL is still recovering from a crash after {PATIENCE_SECONDS} s, and goes on by itself: run"
                f" this again later; {self.log} says how far it is"
            )
        raise LocalError(f"PostgreSQL was not ready within {PATIENCE_SECONDS} s; its last words are in {self.log}")

    def stop(self) -> None:
        """Stop the server, if it runs, after ending its connections; one that doesn't stop in time is ended.

        One that recovers for longer goes on: ended, it would begin anew the next time, and never be ready.
        """
        if self._await(lambda found: found is None or not found.is_recovering()):
            pid = self._signal(signal.SIGINT)
            if self._await_end(pid, CRASH_SECONDS) or (not self._tells_of_crash() and self._await_end(pid)):
                return
        elif self._recovers():
            logger.warning("PostgreSQL is still recovering from a crash and is left to it: make down stops it later")
            return
        self._end()

    def _recovers(self) -> bool:
        """Whether it recovers and is well: one that hangs doesn't even answer that it isn't ready."""
        found = self._find_postmaster()
        return found is not None and found.is_recovering() and found.answers()

    def _end(self) -> None:
        """Stop at once, without a checkpoint, and kill what is left: the next start recovers. Raises LocalError."""
        pid = self._signal(signal.SIGQUIT)
        if pid and self._await_end(pid):
            return  # the server kills its children after 5 s
        pid = self._signal(signal.SIGKILL)
        if left := self._find_postmaster():
            for child in find_attached(left.shared_memory):
                if self._is_ours(child):
                    send_signal(child, signal.SIGKILL)
        if not self._await_end(pid):
            raise LocalError(f"PostgreSQL hangs and can't be ended: end the processes that use {self.data}")

    def _tells_of_crash(self) -> bool:
        """Whether a process of the server crashed of late: a fast stop that came just then may never end."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, self.log.stat().st_size - LAST_WORDS))
                return CRASH in log.read()
        except FileNotFoundError:  # somebody has tidied up
            return False

    def _await(self, is_so: Callable[[Postmaster | None], bool], seconds: float | None = None) -> bool:
        """Whether it becomes so within some seconds, ``STOP_SECONDS`` unless told otherwise."""
        deadline = time.monotonic() + (STOP_SECONDS if seconds is None else seconds)
        while not is_so(self._find_postmaster()):
            if time.monotonic() > deadline:
                return False
            time.sleep(PAUSE_SECONDS)
        return True

    def _await_end(self, pid: int, seconds: float | None = None) -> bool:
        """Whether the server ends in time, which took its pid file away before."""
        return self._await(lambda found: found is None and not self._is_ours(pid), seconds)

    def _signal(self, number: signal.Signals) -> int:
        """The process that it was sent to, 0 where there is no server."""
        postmaster = self._find_postmaster()
        if postmaster is None or not postmaster.pid:
            return 0
        send_signal(postmaster.pid, number)
        return postmaster.pid

    def _is_ours(self, pid: int) -> bool:
        """Whether a process lives and is one of this server's."""
        return str(self.data) in read_command(pid) or runs_in(pid, self.data.resolve())

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
            raise LocalError(f"PostgreSQL could not make its data folder {self.data}: {find_reason(said.stdout)}")
        (draft / "data").rename(self.data)
        shutil.rmtree(draft)

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != str(self.programs.major):
            raise LocalError(f"{self.data} was made by PostgreSQL {made_by}, this is {self.programs.major}")

    def _start(self) -> None:
        """Start the server and wait until it is ready, or has ended."""
        port = choose_port(PORT, "PostgreSQL")
        options = [f"--port={port}", *(f"--{name}={value}" for name, value in self.settings.items())]
        write_private(self.place, name_place())
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.before"))
        size = self.log.stat().st_size if self.log.exists() else 0
        pid = self.programs.start("postgres", "-D", str(self.data), *options, log=self.log)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while read_command(pid) and not self._is_ready(pid) and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)
        if not read_command(pid) and is_free(port):
            with self.log.open("rb") as log:
                log.seek(size)
                said = log.read().decode(errors="replace")
            raise LocalError(f"PostgreSQL did not start: {find_reason(said)}\nAll that it says is in {self.log}")

    def _is_ready(self, pid: int) -> bool:
        lines = self._read_pid_file()
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _read_pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return []

    def _find_postmaster(self) -> Postmaster | None:
        """The live server, if any. What a crash left of one is removed once no process of it is left.

        PostgreSQL itself would take any live process with the old number for the old server and refuse to start.
        """
        lines = self._read_pid_file()
        if not lines:
            return None
        pid = int(lines[0] or 0)
        shared_memory = int(lines[6].split()[1]) if len(lines) > 6 and lines[6].strip() else -1
        if self._is_ours(pid):
            port, status = (lines[3], lines[7].strip()) if len(lines) > 7 else ("0", "starting")
            return Postmaster(pid, int(port), status, shared_memory)
        if self._is_used_by_children(shared_memory):
            return Postmaster(0, 0, "killed", shared_memory)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        return None

    def _is_used_by_children(self, shared_memory: int) -> bool:
        """Whether children of a killed server have yet to leave. Since a reboot another server may have that number."""
        users = find_attached(shared_memory)
        is_another = bool(users) and not any(map(self._is_ours, users))
        return is_attached(shared_memory) and not is_another


TELLING = ("No space left", "Permission denied", "Read-only", "FATAL", "PANIC")


def find_reason(said: str) -> str:
    """The line in the words of PostgreSQL's programs that a person can do something about, else their last."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if any(word in line for word in TELLING)]
    return (telling or lines or ["it said nothing"])[-1]
