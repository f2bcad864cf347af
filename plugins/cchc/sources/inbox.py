"""The inbox: a folder in which every sender has one. Which files were sent, whole, and whose they are."""

from __future__ import annotations

import errno
import hashlib
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from cchc.fields.cells import show
from cchc.fields.written_text import make_printable
from cchc.sources.errors import SourceError
from cchc.sources.inbox_store import InboxStore
from cchc.spreadsheets.table import RejectedFileError, Wanted
from cchc.spreadsheets.workbook import has_headings, open_first_rows

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

    inbox: InboxStore
    name: str
    size: int
    sha256: str | None
    modified_at: datetime | None = None

    @property
    def address(self) -> str:
        """Where it lies, for people and for the archive."""
        return self.inbox.address(self.name)

    @property
    def sender(self) -> str:
        """The first folder of its path; nothing for a file that lies in none."""
        return self.name.partition("/")[0] if "/" in self.name else ""

    def read(self) -> bytes:
        """The bytes that it was listed with; raises OSError where it holds others now."""
        content = self.inbox.read(self.name, self.size).content
        if content is None or hashlib.sha256(content).hexdigest() != self.sha256:
            raise OSError(errno.ESTALE, f"{make_printable(self.name)} has changed since it was listed")
        return content


def list_files(inbox: InboxStore, largest_bytes: int) -> list[InboxFile]:
    """Every file that somebody has sent, by name; those that vanish meanwhile are left for the next night.

    Links are not followed: a sender could point one at what isn't theirs.
    """
    return sorted(_walk(inbox, "", largest_bytes), key=lambda file: file.name)


def choose_filing_day(day: date, archived_on: Iterable[date], complete: date) -> date:
    """The day under which a run for ``day`` files a new file; ``complete``: the newest day that is over.

    That of the run while none newer is archived; else that of the next night to come, so that the file counts as the
    one seen later. However often an old day is run, it stays that night; a day that is still far off doesn't count.
    """
    to_come = complete + timedelta(days=1)
    newest = max([day, *(archived for archived in archived_on if archived <= to_come)])
    return day if day == newest else min(newest + timedelta(days=1), max(to_come, newest))


def take_turns(files: Iterable[InboxFile]) -> list[InboxFile]:
    """The files in turns, one of each sender: who sends thousands keeps nobody waiting."""
    turns: dict[str, int] = defaultdict(int)
    numbered = []
    for file in files:
        numbered.append((turns[file.sender], file.sender, file))
        turns[file.sender] += 1
    return [file for *_, file in sorted(numbered, key=lambda item: item[:2])]


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
    except RejectedFileError:
        return None
    return next((source for source, wanted in kinds.items() if has_headings(sheets, wanted)), None)


def _walk(inbox: InboxStore, folder: str, largest_bytes: int) -> Iterator[InboxFile]:
    try:
        entries = inbox.list_folder(folder)
    except OSError as error:
        if not folder:
            raise SourceError(f"{inbox.address('')}: the inbox can't be read ({error})") from error
        log.warning("%s: left for another night, it can't be read (%s)", make_printable(folder), error)
        return
    for entry in entries:
        small = entry.name.lower()
        if small.startswith(NOT_SENT) or small in NOT_SENT_NAMES or small.endswith(NOT_SENT_ENDINGS):
            continue
        name = f"{folder}/{entry.name}" if folder else entry.name
        if not is_unicode(entry.name):
            log.warning("%s: left out, its name is not Unicode; ask its sender to rename it", show(entry.name))
        elif entry.kind == "file":
            try:
                yield describe(inbox, name, largest_bytes)
            except OSError as error:  # gone meanwhile, or not ours to read: it stops no other
                log.warning("%s: left for another night, it can't be read (%s)", make_printable(name), error)
        elif entry.kind == "folder" and small != GIVEN_BACK and name.count("/") < DEEPEST:
            yield from _walk(inbox, name, largest_bytes)


def _is_unchanged(file: InboxFile, largest_bytes: int) -> bool:
    name = make_printable(file.name)
    try:
        is_unchanged = describe(file.inbox, file.name, largest_bytes) == file
    except OSError as error:
        log.warning("%s: left for the next run, it can't be read any more (%s)", name, error)
        return False
    if not is_unchanged:
        log.warning("%s: left for the next run, it is still being written", name)
    return is_unchanged


def is_unicode(name: str) -> bool:
    """Whether a name is text: bytes in another encoding come as surrogates, which no database can hold."""
    return name == name.encode("utf-8", "replace").decode("utf-8")


def describe(inbox: InboxStore, name: str, largest_bytes: int) -> InboxFile:
    """A file with its hash, unless it is too large to be read; raises OSError when it can't be."""
    stored = inbox.read(name, largest_bytes)
    sha256 = None if stored.content is None else hashlib.sha256(stored.content).hexdigest()
    return InboxFile(inbox, name, stored.size, sha256, stored.modified_at)
