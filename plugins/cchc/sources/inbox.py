"""The inbox: a folder in which every sender has one, on any store whose paths behave as pathlib's do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cchc.sources.table import Refusal, Wanted
from cchc.sources.workbook import find_kinds

# Beside a sender's files: where what was refused of them goes back (given_back.py).
GIVEN_BACK = "tra-lai"
# What programs put beside files, in small letters: hidden ones, Office's marks of an open file, Windows' own.
NOT_SENT = (".", "~$")
NOT_SENT_NAMES = ("thumbs.db", "desktop.ini")
DEEPEST = 8


@dataclass(frozen=True)
class InboxFile:
    """A file of the inbox. ``name``: its path within it; ``size`` in bytes; ``sha256`` None = too large to be read."""

    path: Any
    name: str
    size: int
    sha256: str | None

    def read(self) -> bytes:
        """Its bytes."""
        with self.path.open("rb") as stream:
            content: bytes = stream.read()
        return content


def list_files(folder: Any, largest_bytes: int) -> list[InboxFile]:
    """Every file that somebody has sent, by name; those that vanish meanwhile are left for the next night.

    Links are not followed: a sender could point one at what isn't theirs.
    """
    return sorted(_walk(folder, "", largest_bytes), key=lambda file: file.name)


def recognise(content: bytes, name: str, kinds: Mapping[str, Wanted]) -> str | None:
    """The source, of ``kinds``, whose headings a file has; None where it has nobody's or can't be opened."""
    for source, wanted in kinds.items():
        try:
            if find_kinds(content, name, wanted):
                return source
        except Refusal:
            continue
    return None


def _walk(folder: Any, prefix: str, largest_bytes: int) -> Iterator[InboxFile]:
    for path in folder.iterdir():
        name = path.name.lower()
        if name.startswith(NOT_SENT) or name in NOT_SENT_NAMES or path.is_symlink():
            continue
        if path.is_dir():
            if name != GIVEN_BACK and prefix.count("/") < DEEPEST:
                yield from _walk(path, f"{prefix}{path.name}/", largest_bytes)
        elif path.is_file():
            try:
                yield describe(path, prefix + path.name, largest_bytes)
            except FileNotFoundError:
                continue


def describe(path: Any, name: str, largest_bytes: int) -> InboxFile:
    """A file with its hash, unless it is too large to be read; raises FileNotFoundError when it is gone."""
    file = InboxFile(path, name, path.stat().st_size, None)
    if file.size > largest_bytes:
        return file
    content = file.read()
    return InboxFile(path, name, len(content), hashlib.sha256(content).hexdigest())
