"""What the kernel says of running processes. Pid files lie after a crash, /proc doesn't."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")


def read_command(pid: int) -> list[str]:
    """The command line of a process; empty for one that is gone, even if nobody has collected it yet."""
    try:
        return (PROC / str(pid) / "cmdline").read_text(errors="replace").split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_attached(shared_memory: int) -> bool:
    """True while any process, whoever's it is, uses the System V shared memory of this id."""
    rows = (line.split() for line in (PROC / "sysvipc" / "shm").read_text().splitlines()[1:])
    return any(int(row[1]) == shared_memory and int(row[6]) > 0 for row in rows)


def find_sessions(file: Path) -> set[int]:
    """The sessions (by the process that began them) in which a process other than this one has ``file`` open."""
    target = str(file.resolve())
    return {session for pid, session in _list_live() if pid != os.getpid() and _holds(pid, target)}


def find_members(sessions: set[int]) -> dict[int, int]:
    """The live processes of these sessions: process -> session."""
    return {pid: session for pid, session in _list_live() if session in sessions}


def _list_live() -> Iterator[tuple[int, int]]:
    """Every process and its session, without those that are dead and only wait to be collected.

    Until then a process that is ending may have no program left and still hold its files and locks.
    """
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            try:
                state, _parent, _group, session, *_ = (entry / "stat").read_text().rpartition(") ")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if state not in "ZX":
                yield int(entry.name), int(session)


def _holds(pid: int, target: str) -> bool:
    try:
        return any(_points_at(target, descriptor) for descriptor in (PROC / str(pid) / "fd").iterdir())
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False


def _points_at(target: str, descriptor: Path) -> bool:
    try:
        return str(descriptor.readlink()) == target
    except FileNotFoundError:  # closed since it was listed
        return False
