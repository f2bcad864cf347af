"""The raw archive: every answer as received, before anything parses it, never overwritten.

``<archive>/<source>/<province>/<day described>/<window>/<captured at>-<hash>/`` holds one capture: its pages
(``page-001.json.gz`` …) and ``capture.json`` (requests, status, time, SHA-256 of each page). The folder appears whole
or not at all. ``verdict`` beside them says what became of it: published, stopped, refused or withdrawn. Folders are
0700, files 0600.
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
from typing import Any, Literal

from cchc.sources.http import Response

Verdict = Literal["published", "stopped", "refused"]

DRAFT = ".partial-"


class ArchiveError(Exception):
    """Archived bytes that aren't what was archived."""


@dataclass(frozen=True)
class Page:
    """One answer of a capture; ``sha256`` and ``size`` are those of the body as received.

    ``modified_at``: of a file, when it was last changed; None for answers, and in captures of earlier versions.
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
    """All pages of one window, as they lie in ``folder``."""

    folder: Path
    data_date: date
    pages: tuple[Page, ...]

    @property
    def captured_at(self) -> datetime:
        """When the first page was answered."""
        return datetime.fromisoformat(self.pages[0].captured_at)

    @property
    def modified_at(self) -> datetime:
        """When the file was last changed; of answers, and of files that came without it, when they were captured."""
        told = self.pages[0].modified_at
        return datetime.fromisoformat(told) if told else self.captured_at

    @property
    def content_sha256(self) -> str:
        """Of one page its own hash, of several the hash of their hashes in order."""
        if len(self.pages) == 1:
            return self.pages[0].sha256
        return hashlib.sha256("".join(page.sha256 for page in self.pages).encode()).hexdigest()

    @property
    def verdict(self) -> str | None:
        """What became of it; None while nothing has."""
        path = self.folder / "verdict"
        return path.read_text(encoding="ascii") if path.exists() else None

    def set_verdict(self, verdict: Verdict) -> None:
        """Note what became of it. A published capture stays published."""
        if self.verdict != "published":
            _write(self.folder / "verdict", verdict.encode())

    def set_aside(self) -> None:
        """Its day was withdrawn: the bytes are kept, and no run loads them again."""
        _write(self.folder / "verdict", b"withdrawn")

    def read_bodies(self) -> list[bytes]:
        """The bodies as received; raises ArchiveError where a file was changed or lost."""
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
    """A capture under way: each page is on the disk before anybody reads it. Killed, it leaves a hidden folder."""

    folder: Path
    data_date: date
    pages: list[Page] = field(default_factory=list)

    def add(self, response: Response) -> None:
        """Write one answer as received."""
        with self._discarding():
            self.pages.append(_write_page(self.folder, len(self.pages) + 1, response))

    def finish(self, verdict: Verdict | None = None) -> Capture:
        """Write the manifest and give the capture its place, whole; the same bytes of the same second are kept once."""
        with self._discarding():
            _write(self.folder / "capture.json", json.dumps([asdict(page) for page in self.pages]).encode())
            draft = Capture(self.folder, self.data_date, tuple(self.pages))
            stamp = draft.captured_at.strftime("%Y%m%dT%H%M%S%z").replace("+0000", "Z")
            capture = replace(draft, folder=self.folder.parent / f"{stamp}-{draft.content_sha256[:12]}")
            if verdict:
                (capture if capture.folder.exists() else draft).set_verdict(verdict)
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

    def begin(self, window: str, data_date: date) -> Draft:
        """Begin a capture of one window, under the day that it describes."""
        place = self._window_folder(data_date, window)
        for folder in (*reversed(place.relative_to(self.root).parents), place.relative_to(self.root)):
            (self.root / folder).mkdir(parents=True, exist_ok=True, mode=0o700)  # parents alone would be open to all
        draft = Draft(place / f"{DRAFT}{uuid.uuid4().hex}", data_date)
        draft.folder.mkdir(mode=0o700)
        return draft

    def keep(self, window: str, data_date: date, responses: list[Response], verdict: Verdict | None = None) -> Capture:
        """Archive answers that are all there."""
        draft = self.begin(window, data_date)
        for response in responses:
            draft.add(response)
        return draft.finish(verdict)

    def find(self, window: str, data_date: date) -> list[Capture]:
        """The captures of a window that describe a day, refused ones left out: published first, then by time.

        Raises ArchiveError for a capture without its manifest.
        """
        place = self._window_folder(data_date, window)
        folders = [folder for folder in sorted(place.glob("*")) if not folder.name.startswith(".")]
        ranks = {"published": 0, None: 1, "stopped": 2}
        usable = [capture for capture in map(read_capture, folders) if capture.verdict in ranks]
        return sorted(usable, key=lambda capture: (ranks[capture.verdict], capture.captured_at))

    def list_windows(self, data_date: date) -> list[str]:
        """The names of the windows that are archived for a day."""
        return sorted(folder.name for folder in self._window_folder(data_date, "").glob("*"))

    def list_files(self) -> list[tuple[date, str]]:
        """Day and window name of every file of the inbox that is archived, the oldest first."""
        # A folder without a whole capture is what a killed run has left: its file is still to be taken.
        manifests = (self.root / self.source / self.province).glob("*/*.file-*/[!.]*/capture.json")
        folders = {manifest.parents[1] for manifest in manifests}
        days = {folder: _read_day(folder.parent.name) for folder in folders}
        return sorted((day, folder.name) for folder, day in days.items() if day)

    def refile(self, window: str, filed_on: date, day: date) -> None:
        """File what came of a file of the inbox under another ``day``, as if a run for that one had taken it.

        Captures that are there already stay as they are.
        """
        place = self._window_folder(day, window)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.mkdir(exist_ok=True, mode=0o700)
        for folder in sorted(self._window_folder(filed_on, window).glob("[!.]*")):
            if not (place / folder.name).exists():
                (folder / "verdict").unlink(missing_ok=True)
                folder.rename(place / folder.name)

    def discard_drafts(self, window: str) -> None:
        """Remove what killed runs have left of a window; only for who holds the right to ask the source."""
        for leftover in (self.root / self.source / self.province).glob(f"*/{window}/{DRAFT}*"):
            shutil.rmtree(leftover)

    def _window_folder(self, data_date: date, window: str) -> Path:
        return self.root / self.source / self.province / data_date.isoformat() / window


def _read_day(name: str) -> date | None:
    """The day of a folder's name; None of a folder that somebody else has put into the archive."""
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None


def read_capture(folder: Path) -> Capture:
    """Read a capture's manifest; raises ArchiveError where it is lost or changed."""
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
