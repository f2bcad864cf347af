"""The inbox: a folder in which every sender has one, on any store whose paths behave as pathlib's do."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cchc.sources.errors import SourceError
from cchc.sources.fields import show
from cchc.sources.table import Refusal, Wanted
from cchc.sources.workbook import has_headings, open_first_rows

log = logging.getLogger(__name__)

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
    """The first source of ``kinds`` whose headings a file has; None where it has nobody's or can't be opened."""
    try:
        sheets = open_first_rows(content, name)
    except Refusal:
        return None
    return next((source for source, wanted in kinds.items() if has_headings(sheets, wanted)), None)


def _walk(folder: Any, prefix: str, largest_bytes: int) -> Iterator[InboxFile]:
    try:
        paths = list(folder.iterdir())
    except OSError as error:
        if not prefix:
            raise SourceError(f"{folder}: the inbox can't be read ({error})") from error
        log.warning("%s: left for another night, it can't be read (%s)", folder, error)
        return
    for path in paths:
        name = path.name.lower()
        if name.startswith(NOT_SENT) or name in NOT_SENT_NAMES:
            continue
        if not is_unicode(path.name):
            log.warning("%s: left out, its name is not Unicode; ask its sender to rename it", show(path.name))
            continue
        try:
            is_folder = path.is_dir() and not path.is_symlink()
            is_file = path.is_file() and not path.is_symlink()
            file = describe(path, prefix + path.name, largest_bytes) if is_file else None
        except OSError as error:  # gone meanwhile, or not ours to read: it stops no other
            log.warning("%s: left for another night, it can't be read (%s)", path, error)
            continue
        if file:
            yield file
        elif is_folder and name != GIVEN_BACK and prefix.count("/") < DEEPEST:
            yield from _walk(path, f"{prefix}{path.name}/", largest_bytes)


def is_unicode(name: str) -> bool:
    """Whether a name is text: bytes in another encoding come as surrogates, which no database can hold."""
    return name == name.encode("utf-8", "replace").decode("utf-8")


def describe(path: Any, name: str, largest_bytes: int) -> InboxFile:
    """A file with its hash, unless it is too large to be read; raises OSError when it can't be."""
    file = InboxFile(path, name, path.stat().st_size, None)
    if file.size > largest_bytes:
        return file
    content = file.read()
    return InboxFile(path, name, len(content), hashlib.sha256(content).hexdigest())
