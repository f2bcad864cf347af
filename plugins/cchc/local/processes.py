"""Running processes, read from /proc. Unlike a pid file, /proc is right after a crash too."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def name_place() -> str:
    """A name of this machine and pid namespace: a container sees other processes under the same numbers."""
    try:
        seen = str((PROC / "self" / "ns" / "pid").readlink())
    except OSError:
        seen = "pid:unknown"
    return f"{socket.gethostname()} {seen}"


def read_command(pid: int) -> list[str]:
    """The command line of a process; empty for one that has ended, also for a zombie."""
    try:
        return (PROC / str(pid) / "cmdline").read_text(errors="replace").split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError, PermissionError):  # another user's, hidden by hidepid
        return []


def is_alive(pid: int) -> bool:
    """Whether a process of any user has not ended. Its command line is empty for a moment while a program begins."""
    return bool(_read_stat(PROC / str(pid)))


def runs_in(pid: int, folder: Path) -> bool:
    """Whether a live process has the working directory ``folder``."""
    try:
        return (PROC / str(pid) / "cwd").readlink() == folder
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False


def send_signal(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process, which may have ended by now."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def find_attached(shared_memory: int) -> list[int]:
    """The processes that use the System V shared memory of this id, as far as this user may see."""
    return [
        int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal() and _maps(entry, "/SYSV", shared_memory)
    ]


def _maps(process: Path, prefix: str, inode: int) -> bool:
    """Whether a process has a mapping of this inode whose name begins with ``prefix``."""
    try:
        rows = (line.split(maxsplit=5) for line in (process / "maps").read_text(errors="replace").splitlines())
        return any(row[4] == str(inode) and row[5].startswith(prefix) for row in rows if len(row) > 5)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False


def is_attached(shared_memory: int) -> bool:
    """Whether a process of any user uses the System V shared memory of this id."""
    rows = (line.split() for line in (PROC / "sysvipc" / "shm").read_text().splitlines()[1:])
    return any(int(row[1]) == shared_memory and int(row[6]) > 0 for row in rows)


def find_members(sessions: Mapping[int, str]) -> dict[int, int]:
    """The live processes of sessions: process → session.

    ``sessions``: number of the leading process → its start in clock ticks. A process of that number with another start
    leads another session: the given one has ended.
    """
    live = list(_list_live())
    reused = {pid for pid, _, started in live if sessions.get(pid, started) != started}
    return {pid: session for pid, session, _ in live if session in sessions.keys() - reused}


def _list_live() -> Iterator[tuple[int, int, str]]:
    """Every process with its session and its start, without zombies.

    They come from /proc/*/stat, which every user may read. Airflow closes the rest of /proc for a process that ran a
    task, also to its own user.
    """
    for entry in PROC.iterdir():
        if entry.name.isdecimal() and (fields := _read_stat(entry)):
            yield int(entry.name), int(fields[3]), fields[19]


def _read_stat(process: Path) -> list[str]:
    """The fields of /proc/*/stat from the state on; empty for a process that has ended, also for a zombie."""
    try:
        fields = (process / "stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []
    return fields if fields[0] not in "ZX" else []
