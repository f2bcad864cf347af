"""The inbox, a folder in which every sender has one: its files, whether they are complete, and whose they are.

How they are stored belongs to ``inbox_store``, which of them a run loads to the tasks.
"""

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
from cchc.spreadsheets.rejection_report import REPORTS_FOLDER
from cchc.spreadsheets.table import RejectedFileError, Wanted
from cchc.spreadsheets.workbook import has_headings, open_first_rows

log = logging.getLogger(__name__)

# Files of programs, not of senders, in small letters: hidden ones, Office's marks of an open file, Windows' own.
NOT_SENT = (".", "~$")
NOT_SENT_NAMES = ("thumbs.db", "desktop.ini")
NOT_SENT_ENDINGS = (".tmp", ".part", ".partial", ".crdownload")
MAX_DEPTH = 8  # folders within folders
# A file that changed within this time may still be on its way.
QUIET_TIME = timedelta(seconds=10)


@dataclass(frozen=True)
class InboxFile:
    """A file as it lies in the inbox. ``name``: its path there; ``size`` in bytes; ``sha256`` None = too large to read.

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
        """The bytes with which it was listed. Raises OSError where it holds others now."""
        content = self.inbox.read(self.name, self.size).content
        if content is None or hashlib.sha256(content).hexdigest() != self.sha256:
            raise OSError(errno.ESTALE, f"{make_printable(self.name)} has changed since it was listed")
        return content


def list_files(inbox: InboxStore, max_bytes: int) -> list[InboxFile]:
    """Every file that somebody has sent, by name. A file that can't be read, or is gone meanwhile, is left for later.

    Links are not followed: a sender could point one at files of others. Raises SourceError where the inbox itself can't
    be read.
    """
    return sorted(_walk(inbox, "", max_bytes), key=lambda file: file.name)


def choose_filing_day(day: date, archived_on: Iterable[date], complete: date) -> date:
    """The day under which a run for ``day`` files a new file; ``complete``: the newest day that is over.

    It is ``day`` unless a later day has archived files; else the day of the next run to come, so that the new file
    counts as the one seen later. It stays the same however often an old day is run, and ignores days far ahead.
    """
    to_come = complete + timedelta(days=1)
    newest = max([day, *(archived for archived in archived_on if archived <= to_come)])
    return day if day == newest else min(newest + timedelta(days=1), max(to_come, newest))


def alternate_senders(files: Iterable[InboxFile]) -> list[InboxFile]:
    """The files by rounds, one of each sender in a round: a sender of thousands keeps nobody waiting."""
    rounds: dict[str, int] = defaultdict(int)
    numbered = []
    for file in files:
        numbered.append((rounds[file.sender], file.sender, file))
        rounds[file.sender] += 1
    return [file for *_, file in sorted(numbered, key=lambda item: item[:2])]


def select_complete(
    files: Iterable[InboxFile],
    max_bytes: int,
    *,
    read_clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    wait: Callable[[float], None] = time.sleep,
) -> list[InboxFile]:
    """The files that are there whole, in the order given; a file that is still being written is left out.

    A file that changed within QUIET_TIME is looked at again after that time; all such files share one wait. A time
    in the future (the clock of a file server is ahead) counts as recent. A store without modification times writes a
    file whole or not at all: its files are complete.
    """
    files = list(files)
    now = read_clock()
    recent = [file.modified_at for file in files if file.modified_at and file.modified_at > now - QUIET_TIME]
    if not recent:
        return files
    wait((min(max(recent), now) + QUIET_TIME - now).total_seconds())
    return [file for file in files if file.modified_at not in recent or _is_unchanged(file, max_bytes)]


def recognise(content: bytes, name: str, kinds: Mapping[str, Wanted]) -> str | None:
    """The first source of ``kinds`` whose headings a file has; None where no source knows it or it can't be opened."""
    try:
        sheets = open_first_rows(content, name)
    except RejectedFileError:
        return None
    return next((source for source, wanted in kinds.items() if has_headings(sheets, wanted)), None)


def _walk(inbox: InboxStore, folder: str, max_bytes: int) -> Iterator[InboxFile]:
    try:
        entries = inbox.list_folder(folder)
    except OSError as error:
        if not folder:
            raise SourceError(f"{inbox.address('')}: the inbox can't be read ({error})") from error
        log.warning("%s: left for another run, it can't be read (%s)", make_printable(folder), error)
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
                yield describe(inbox, name, max_bytes)
            except OSError as error:  # gone meanwhile, or not ours to read: it stops no other
                log.warning("%s: left for another run, it can't be read (%s)", make_printable(name), error)
        elif entry.kind == "folder" and small != REPORTS_FOLDER and name.count("/") < MAX_DEPTH:
            yield from _walk(inbox, name, max_bytes)


def _is_unchanged(file: InboxFile, max_bytes: int) -> bool:
    name = make_printable(file.name)
    try:
        is_unchanged = describe(file.inbox, file.name, max_bytes) == file
    except OSError as error:
        log.warning("%s: left for the next run, it can't be read any more (%s)", name, error)
        return False
    if not is_unchanged:
        log.warning("%s: left for the next run, it is still being written", name)
    return is_unchanged


def is_unicode(name: str) -> bool:
    """Whether a name is text: bytes in another encoding come as surrogates, which no database can hold."""
    return name == name.encode("utf-8", "replace").decode("utf-8")


def describe(inbox: InboxStore, name: str, max_bytes: int) -> InboxFile:
    """A file with its hash, unless it is too large to read. Raises OSError when it can't be read."""
    stored = inbox.read(name, max_bytes)
    sha256 = None if stored.content is None else hashlib.sha256(stored.content).hexdigest()
    return InboxFile(inbox, name, stored.size, sha256, stored.modified_at)
