"""The processes and files of the embedded PostgreSQL: made, started, found after a crash, repaired, stopped.

pg_ctl is unused: it starts the server by a shell, which would expand the name of the home.
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
from cchc.local.processes import find_attached, is_alive, is_attached, name_place, read_command, runs_in, send_signal
from cchc.local.programs import Programs

logger = logging.getLogger(__name__)

PORT = 5766
PATIENCE_SECONDS = 90  # for recovery after a crash
STOP_SECONDS = 20  # for a stop, or for the children of a killed server; then they are killed
CRASH_SECONDS = 2  # for a stop after a crash of one of the server's processes
PAUSE_SECONDS = 0.05
CRASH = b"terminating any other active server processes"
LOG_TAIL = 4096
MAX_LOG = 50_000_000  # bytes; a larger log is renamed at the next start, and the renamed one before it is lost


@dataclass(frozen=True)
class Postmaster:
    """A live server by its postmaster.pid. ``pid`` 0: it was killed, but its children still use ``shared_memory``."""

    pid: int
    port: int
    status: str
    shared_memory: int

    @property
    def is_stopping(self) -> bool:
        """Whether the server accepts no new connections."""
        return self.pid == 0 or self.status == "stopping"

    def takes_connections(self) -> bool:
        """Whether it accepts connections. The file has ``ready`` also while the server recovers from a killed child."""
        return self.status == "ready" and self._ping() == Ping.OK

    def is_recovering(self) -> bool:
        """Whether it is starting or recovering: a fast stop at that time can hang PostgreSQL 18 for good."""
        return not self.is_stopping and (self.status != "ready" or self._ping() == Ping.REJECT)

    def answers(self) -> bool:
        """Whether a PostgreSQL listens on its port, ready or not."""
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
        """The folder of the server's own files, which is complete as soon as it exists."""
        return self.programs.data / "data"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.programs.data / "server.log"

    @property
    def place(self) -> Path:
        """The file with the place of the server's last start, as ``name_place`` names it."""
        return self.programs.data / "server.place"

    def is_elsewhere(self) -> bool:
        """Whether the pid file is of a server in another place, whose processes can't be seen here."""
        lines = self._read_pid_file()
        known = self.place.read_text(errors="replace").strip() if self.place.exists() else ""
        return bool(lines) and known not in ("", name_place()) and not self._is_ours(int(lines[0] or 0))

    def answers(self) -> bool:
        """Whether a PostgreSQL answers at the port of the pid file, wherever it was started."""
        lines = self._read_pid_file()
        return len(lines) > 3 and lines[3].isdecimal() and Postmaster(0, int(lines[3]), "", -1).answers()

    def ensure_running(self, password: str) -> int:
        """Make the data, start the server or repair a hanging one, and wait for connections; returns the port."""
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
                f" this again later; {self.log} shows its progress"
            )
        raise LocalError(f"PostgreSQL was not ready within {PATIENCE_SECONDS} s; its last lines are in {self.log}")

    def stop(self) -> None:
        """Stop the server and its connections; one that doesn't stop in time is killed.

        A server in recovery goes on: it would begin recovery anew at the next start, and never be ready.
        """
        if self._await(lambda found: found is None or not found.is_recovering()):
            pid = self._signal(signal.SIGINT)
            if self._await_end(pid, CRASH_SECONDS) or (not self._has_crash_in_log() and self._await_end(pid)):
                return
        elif self._recovers():
            logger.warning("PostgreSQL is still recovering from a crash and goes on: make down stops it later")
            return
        self._end()

    def _recovers(self) -> bool:
        """Whether it recovers and doesn't hang: a hanging server doesn't answer at all."""
        found = self._find_postmaster()
        return found is not None and found.is_recovering() and found.answers()

    def _end(self) -> None:
        """Stop at once, without a checkpoint, and kill the rest; the next start recovers. Raises LocalError."""
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

    def _has_crash_in_log(self) -> bool:
        """Whether a process of the server crashed lately: a fast stop at that time may never end."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, self.log.stat().st_size - LOG_TAIL))
                return CRASH in log.read()
        except FileNotFoundError:  # a person has removed it
            return False

    def _await(self, is_so: Callable[[Postmaster | None], bool], seconds: float | None = None) -> bool:
        """Whether ``is_so`` within ``seconds``; default: STOP_SECONDS."""
        deadline = time.monotonic() + (STOP_SECONDS if seconds is None else seconds)
        while not is_so(self._find_postmaster()):
            if time.monotonic() > deadline:
                return False
            time.sleep(PAUSE_SECONDS)
        return True

    def _await_end(self, pid: int, seconds: float | None = None) -> bool:
        """Whether the server ends in time; it removes its pid file before."""
        return self._await(lambda found: found is None and not self._is_ours(pid), seconds)

    def _signal(self, number: signal.Signals) -> int:
        """Send a signal to the server; returns its process, 0 where there is none."""
        postmaster = self._find_postmaster()
        if postmaster is None or not postmaster.pid:
            return 0
        send_signal(postmaster.pid, number)
        return postmaster.pid

    def _is_ours(self, pid: int) -> bool:
        """Whether a live process is one of this server's."""
        return str(self.data) in read_command(pid) or runs_in(pid, self.data.resolve())

    def _initialise(self, password: str) -> None:
        """Make the data folder under another name and rename it when complete; removes the rest of a killed attempt."""
        draft = self.programs.data / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        (draft / "password").write_text(password)
        for made in (draft, draft / "password"):
            os.chown(made, self.programs.uid, self.programs.gid)
        initdb = self.programs.run(
            "initdb",
            f"--pgdata={draft / 'data'}",
            f"--pwfile={draft / 'password'}",
            "--username=postgres",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        )
        if initdb.returncode:
            raise LocalError(f"PostgreSQL could not make its data folder {self.data}: {find_reason(initdb.stdout)}")
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
        if self.log.exists() and self.log.stat().st_size > MAX_LOG:
            self.log.replace(self.log.with_suffix(".log.before"))
        size = self.log.stat().st_size if self.log.exists() else 0
        pid = self.programs.start("postgres", "-D", str(self.data), *options, log=self.log)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while is_alive(pid) and not self._is_ready(pid) and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)
        if not is_alive(pid) and is_free(port):
            with self.log.open("rb") as log:
                log.seek(size)
                output = log.read().decode(errors="replace")
            raise LocalError(f"PostgreSQL did not start: {find_reason(output)}\nIts whole output is in {self.log}")

    def _is_ready(self, pid: int) -> bool:
        lines = self._read_pid_file()
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _read_pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return []

    def _find_postmaster(self) -> Postmaster | None:
        """The live server, if any. Removes the pid file of a crashed server once no process of it is left.

        Otherwise PostgreSQL would mistake any live process of the old number for the old server and refuse to start.
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
        """Whether children of a killed server still run. After a reboot another server may have that memory id."""
        users = find_attached(shared_memory)
        is_another = bool(users) and not any(map(self._is_ours, users))
        return is_attached(shared_memory) and not is_another


REASONS = ("No space left", "Permission denied", "Read-only", "FATAL", "PANIC")


def find_reason(output: str) -> str:
    """The last line in the output of PostgreSQL's programs that names a reason, else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    reasons = [line for line in lines if any(word in line for word in REASONS)]
    return (reasons or lines or ["it printed nothing"])[-1]
