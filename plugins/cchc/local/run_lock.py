"""The lock of the runs: one run by hand at a time in a home, and none while Airflow starts.

Each run locks the file ``runs.lock`` of the home and writes its process and command into it. The kernel frees the
lock of a killed process.
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from cchc.calendar import LOCAL
from cchc.local import LocalError
from cchc.local.lock_files import open_lock


@contextmanager
def hold_runs(home: Path, what: str) -> Iterator[None]:
    """Hold the lock of the runs of ``home`` for ``what``, such as ``nightly 2024-06-30``; waits until it is free.

    Names the process that it waits for on standard error. Raises LocalError where the home can't be written.
    """
    with _open(home) as stream:  # closing unlocks; the note is read only while the lock is held
        lock = stream.fileno()
        _wait(lock)
        _note(lock, f"process {os.getpid()}, `{what}`, since {datetime.now(LOCAL):%H:%M}")
        yield


def _open(home: Path) -> IO[str]:
    try:
        home.mkdir(parents=True, exist_ok=True)
        return open_lock(home / "runs.lock")
    except OSError as error:
        raise LocalError(f"{home} can't be used, CCHC_HOME names another home: {error}") from error


def _wait(lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        who = os.pread(lock, 200, 0).decode(errors="replace").strip() or "a process that has only just begun"
        sys.stderr.write(f"this home is in use ({who}): waiting; Ctrl-C to give up\n")
        sys.stderr.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)


def _note(lock: int, holder: str) -> None:
    try:
        os.ftruncate(lock, 0)
        os.pwrite(lock, holder.encode(), 0)
    except OSError:  # a full disk: the lock works without a note
        os.ftruncate(lock, 0)
