"""The file ``services`` of the home: the services that ``make up`` started, to find them again after any kill.

Its first line has the api-server's port, the release and the clock at the start of the services. Each service adds a
line with its session and start.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cchc.local.credentials import write_private
from cchc.settings import CHECKOUT

# The program's files. Files that people write (catalog, profiles, recipients) are read anew by every run.
PROGRAM = ("plugins", "dags", "include/sql", "requirements.txt")
_SESSION = re.compile(r"(\d+) (\d+)")
_STANDING = "-"  # stands in the file for the clock of this machine


@dataclass(frozen=True)
class ServiceNotes:
    """``port`` of the api-server, 0 where nothing was started; ``sessions`` as ``find_members`` takes them.

    ``now``: the time of a demonstration's clock, empty for the machine's clock.
    """

    port: int = 0
    release: str = ""
    now: str = ""
    sessions: Mapping[int, str] = field(default_factory=dict)


def read_notes(home: Path) -> ServiceNotes:
    """The notes of ``home``; invalid lines are ignored. Older releases noted the port alone."""
    try:
        first, *lines = (home / "services").read_text(errors="replace").splitlines() or [""]
    except (FileNotFoundError, NotADirectoryError):
        return ServiceNotes()
    port, release, now = (*first.split(), "", "", "")[:3]
    sessions = {int(found[1]): found[2] for found in map(_SESSION.fullmatch, lines) if found}
    return ServiceNotes(int(port) if port.isdecimal() else 0, release, now.removeprefix(_STANDING), sessions)


def begin_notes(home: Path, port: int, now: str) -> None:
    """Note port, release and clock before the services start."""
    write_private(home / "services", f"{port} {name_release()} {now or _STANDING}\n")


def name_release(checkout: Path = CHECKOUT) -> str:
    """A checksum of the program's text, which every release or edit changes."""
    found = hashlib.sha256()
    for part in PROGRAM:
        place = checkout / part
        for file in [place] if place.is_file() else sorted(place.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                found.update(f"{file.relative_to(checkout)}\0".encode() + file.read_bytes())
    return found.hexdigest()[:16]
