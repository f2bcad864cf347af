"""The raw archive: every answer and file as received, before anything parses it, never overwritten.

``<archive>/<source>/<province>/<day described>/<window or file>/<captured at>-<hash>/`` holds one capture: its pages
(``page-001.json.gz`` …) and its manifest ``capture.json`` (requests, status, time, SHA-256 of each page). The folder
appears whole or not at all. Folders are 0700, files 0600.

A folder's ending takes a capture out of use and keeps its bytes: ``.rejected``, the fetch broke off or got something
that is no answer; ``.withdrawn``, its data date was withdrawn. The outcome of a load is in the ledger alone.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from cchc.sources.http import Response

# The statuses of answers. A capture with any other page is no answer, whatever its folder is called.
ANSWERED = (200, 201)
DRAFT = ".partial-"
REJECTED = ".rejected"
WITHDRAWN = ".withdrawn"


class ArchiveError(Exception):
    """Archived bytes that aren't what was archived."""


@dataclass(frozen=True)
class Page:
    """One answer of a capture; ``sha256`` and ``size`` are those of the body as received.

    ``modified_at``: the time at which a file was last changed; None for answers, and in captures of earlier versions.
    """

    file: str
    url: str
    request: dict[str, Any]
    status: int
    content_type: str
    captured_at: str
    sha256: str
    size: int
    modified_at: str | None = None


@dataclass(frozen=True)
class Capture:
    """All pages of one window, or one file, in ``folder``. ``data_date``: the day described."""

    folder: Path
    data_date: date
    pages: tuple[Page, ...]

    @property
    def captured_at(self) -> datetime:
        """When the first page was answered."""
        return datetime.fromisoformat(self.pages[0].captured_at)

    @property
    def modified_at(self) -> datetime:
        """When the file was last changed; the time of capture for answers and files that came without it."""
        written = self.pages[0].modified_at
        return datetime.fromisoformat(written) if written else self.captured_at

    @property
    def content_sha256(self) -> str:
        """The hash of a single page; of several pages, the hash of their hashes in order."""
        if len(self.pages) == 1:
            return self.pages[0].sha256
        return hashlib.sha256("".join(page.sha256 for page in self.pages).encode()).hexdigest()

    @property
    def is_answered(self) -> bool:
        """Whether every page has the status of an answer."""
        return all(page.status in ANSWERED for page in self.pages)

    def set_aside(self) -> None:
        """Take the capture out of use because its data date is withdrawn; its bytes stay."""
        withdrawn = self.folder.with_name(self.folder.name + WITHDRAWN)
        if withdrawn.exists():  # the same bytes of the same second
            shutil.rmtree(self.folder)
        else:
            self.folder.rename(withdrawn)

    def read_bodies(self) -> list[bytes]:
        """The bodies as received. Raises ArchiveError where a file was changed or lost."""
        return [self._read_page(page) for page in self.pages]

    def _read_page(self, page: Page) -> bytes:
        path = self.folder / page.file
        try:
            body = gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise ArchiveError(f"{path}: the archived bytes can't be read ({error})") from error
        if hashlib.sha256(body).hexdigest() != page.sha256:
            raise ArchiveError(f"{path}: SHA-256 is not the one that was archived")
        return body


@dataclass
class Draft:
    """A capture under way: each page is on the disk before anything parses it. A killed run leaves a hidden folder."""

    folder: Path
    data_date: date
    pages: list[Page] = field(default_factory=list)

    def add(self, response: Response) -> None:
        """Write one answer as received."""
        with self._discarding():
            self.pages.append(_write_page(self.folder, len(self.pages) + 1, response))

    def finish(self, *, is_rejected: bool = False) -> Capture:
        """Write the manifest and give the capture its place, whole; the same bytes of the same second are kept once.

        ``is_rejected``: keep it as evidence that no run uses.
        """
        with self._discarding():
            _write(self.folder / "capture.json", json.dumps([asdict(page) for page in self.pages]).encode())
            draft = Capture(self.folder, self.data_date, tuple(self.pages))
            stamp = draft.captured_at.strftime("%Y%m%dT%H%M%S%z").replace("+0000", "Z")
            name = f"{stamp}-{draft.content_sha256[:12]}{REJECTED if is_rejected else ''}"
            capture = replace(draft, folder=self.folder.parent / name)
            if capture.folder.exists():
                shutil.rmtree(self.folder)
            else:
                self.folder.rename(capture.folder)
        return capture

    @contextmanager
    def _discarding(self) -> Iterator[None]:
        """Leave nothing half where the disk is full or can't be written."""
        try:
            yield
        except OSError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise


@dataclass(frozen=True)
class Archive:
    """The archive of one source and province."""

    root: Path
    source: str
    province: str

    def begin(self, scope_name: str, data_date: date) -> Draft:
        """Begin a capture of one window or file, under the day that it describes."""
        place = self._scope_folder(data_date, scope_name)
        for folder in (*reversed(place.relative_to(self.root).parents), place.relative_to(self.root)):
            (self.root / folder).mkdir(parents=True, exist_ok=True, mode=0o700)  # parents alone would be open to all
        draft = Draft(place / f"{DRAFT}{uuid.uuid4().hex}", data_date)
        draft.folder.mkdir(mode=0o700)
        return draft

    def keep(self, scope_name: str, data_date: date, responses: list[Response]) -> Capture:
        """Archive answers that are all there."""
        draft = self.begin(scope_name, data_date)
        for response in responses:
            draft.add(response)
        return draft.finish()

    def find(self, scope_name: str, data_date: date) -> list[Capture]:
        """The captures in use of a window or file that describe a day, by time.

        Raises ArchiveError for a capture without its manifest.
        """
        folders = filter(_is_in_use, sorted(self._scope_folder(data_date, scope_name).glob("*")))
        captures = [capture for capture in map(read_capture, folders) if capture.is_answered]
        return sorted(captures, key=lambda capture: capture.captured_at)

    def list_scope_names(self, data_date: date) -> list[str]:
        """The names of the windows and files that are archived for a day."""
        return sorted(folder.name for folder in self._scope_folder(data_date, "").glob("*"))

    def list_files(self) -> list[tuple[date, str]]:
        """The day and name of every archived file of the inbox, the oldest first."""
        # A folder without a whole capture is a killed run's: its file is still to be archived.
        manifests = (self.root / self.source / self.province).glob("*/*.file-*/[!.]*/capture.json")
        folders = {manifest.parents[1] for manifest in manifests}
        days = {folder: _read_day(folder.parent.name) for folder in folders}
        return sorted((day, folder.name) for folder, day in days.items() if day)

    def refile(self, scope_name: str, filed_on: date, day: date) -> None:
        """File a file of the inbox under another ``day``, as if the run for that day had archived it.

        Captures that are there already stay as they are.
        """
        place = self._scope_folder(day, scope_name)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.mkdir(exist_ok=True, mode=0o700)
        for folder in sorted(self._scope_folder(filed_on, scope_name).glob("[!.]*")):
            if not (place / folder.name).exists():
                folder.rename(place / folder.name)

    def discard_drafts(self, scope_name: str) -> None:
        """Remove the drafts that killed runs left of a window or file, under the lock of the source."""
        for leftover in (self.root / self.source / self.province).glob(f"*/{scope_name}/{DRAFT}*"):
            shutil.rmtree(leftover)

    def _scope_folder(self, data_date: date, scope_name: str) -> Path:
        return self.root / self.source / self.province / data_date.isoformat() / scope_name


def _is_in_use(folder: Path) -> bool:
    """Whether a folder is a capture that a run may use: no draft, and not taken out of use."""
    return not folder.name.startswith(".") and folder.suffix not in (REJECTED, WITHDRAWN)


def _read_day(name: str) -> date | None:
    """The day of a folder's name; None for a folder that somebody else has put into the archive."""
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None


def read_capture(folder: Path) -> Capture:
    """The capture in a folder. Raises ArchiveError where its manifest is lost or changed."""
    try:
        pages = tuple(Page(**page) for page in json.loads((folder / "capture.json").read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise ArchiveError(f"{folder}: the capture's manifest can't be read ({error})") from error
    if not pages:
        raise ArchiveError(f"{folder}: the capture's manifest names no page")
    return Capture(folder, date.fromisoformat(folder.parents[1].name), pages)


def _write_page(folder: Path, number: int, response: Response) -> Page:
    file = f"page-{number:03}.json.gz"
    _write(folder / file, gzip.compress(response.body, mtime=0))
    return Page(
        file=file,
        url=response.url,
        request=response.request,
        status=response.status,
        content_type=response.content_type,
        captured_at=response.captured_at.isoformat(),
        sha256=hashlib.sha256(response.body).hexdigest(),
        size=len(response.body),
        modified_at=response.modified_at.isoformat() if response.modified_at else None,
    )


def _write(path: Path, content: bytes) -> None:
    """Write a file whole and to the disk; a reader sees the old one or the new one."""
    new = path.with_name(f".new-{path.name}")
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise
