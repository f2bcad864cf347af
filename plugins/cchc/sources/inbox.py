"""The inbox: a folder in which every sender has one, on any store whose paths behave as pathlib's do."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cchc.sources.cells import show
from cchc.sources.errors import SourceError
from cchc.sources.table import Refusal, Wanted
from cchc.sources.workbook import has_headings, open_first_rows

log = logging.getLogger(__name__)

# Beside a sender's files: where what was refused of them goes back (given_back.py).
GIVEN_BACK = "tra-lai"
# What programs put beside files, in small letters: hidden ones, Office's marks of an open file, Windows' own.
NOT_SENT = (".", "~$")
NOT_SENT_NAMES = ("thumbs.db", "desktop.ini")
NOT_SENT_ENDINGS = (".tmp", ".part", ".partial", ".crdownload")
DEEPEST = 8
# A file that changed within this time may still be on its way.
SETTLING_TIME = timedelta(seconds=10)


@dataclass(frozen=True)
class InboxFile:
    """A file of the inbox. ``name``: its path within it; ``size`` in bytes; ``sha256`` None = too large to be read.

    ``modified_at`` None: its store keeps no modification time.
    """

    path: Any
    name: str
    size: int
    sha256: str | None
    modified_at: datetime | None = None

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


def settle(
    files: Iterable[InboxFile],
    largest_bytes: int,
    *,
    read_clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    wait: Callable[[float], None] = time.sleep,
) -> list[InboxFile]:
    """The files that are there whole, in the order given: those that are still being written wait for the next run.

    A file that changed within SETTLING_TIME is looked at again after that time; all such files share one wait. A time
    in the future (the clock of a file server is ahead) counts as recent. A store without modification times writes a
    file whole or not at all: its files are taken.
    """
    files = list(files)
    now = read_clock()
    recent = [file.modified_at for file in files if file.modified_at and file.modified_at > now - SETTLING_TIME]
    if not recent:
        return files
    wait((min(max(recent), now) + SETTLING_TIME - now).total_seconds())
    return [file for file in files if file.modified_at not in recent or _is_unchanged(file, largest_bytes)]


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
        if name.startswith(NOT_SENT) or name in NOT_SENT_NAMES or name.endswith(NOT_SENT_ENDINGS):
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


def _is_unchanged(file: InboxFile, largest_bytes: int) -> bool:
    try:
        is_unchanged = describe(file.path, file.name, largest_bytes) == file
    except OSError as error:
        log.warning("%s: left for the next run, it can't be read any more (%s)", file.name, error)
        return False
    if not is_unchanged:
        log.warning("%s: left for the next run, it is still being written", file.name)
    return is_unchanged


def is_unicode(name: str) -> bool:
    """Whether a name is text: bytes in another encoding come as surrogates, which no database can hold."""
    return name == name.encode("utf-8", "replace").decode("utf-8")


def describe(path: Any, name: str, largest_bytes: int) -> InboxFile:
    """A file with its hash, unless it is too large to be read; raises OSError when it can't be."""
    stat = path.stat()
    file = InboxFile(path, name, stat.st_size, None, _read_modified_at(stat))
    if file.size > largest_bytes:
        return file
    content = file.read()
    modified_at = _read_modified_at(path.stat())  # again: somebody may have begun to write it meanwhile
    return InboxFile(path, name, len(content), hashlib.sha256(content).hexdigest(), modified_at)


def _read_modified_at(stat: Any) -> datetime | None:
    """The modification time; None where the store has none, or one that no calendar has."""
    told = stat.st_mtime  # seconds, of some stores a datetime, 0 for none
    if isinstance(told, datetime):
        return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)
    try:
        return datetime.fromtimestamp(told, UTC) if told else None
    except (ValueError, OverflowError, OSError):
        return None
