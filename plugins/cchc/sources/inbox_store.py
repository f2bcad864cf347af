"""The store of an inbox, a folder on a disk or in an object store: listing, reading and writing.

Names are paths within the inbox, with ``/`` between their parts. Senders own what lies there: they may put links,
pipes or other folders in place of what was listed, at any time.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import unquote
from uuid import uuid4

_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# A pipe would wait for a writer, a link would lead elsewhere.
_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OPEN_DRAFT = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


Kind = Literal["file", "folder", "other"]


@dataclass(frozen=True)
class Entry:
    """One name in a folder of the inbox; ``other`` are links, pipes and devices."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class StoredFile:
    """A file as it was read; ``content`` None = larger than it may be, ``modified_at`` None = its store has no time."""

    size: int
    content: bytes | None
    modified_at: datetime | None


class InboxStore(Protocol):
    """An inbox on any store. Its methods raise OSError."""

    def is_folder(self) -> bool:
        """Whether the inbox itself is there."""

    def address(self, name: str) -> str:
        """The address of a file for people and for the archive."""

    def list_folder(self, folder: str) -> list[Entry]:
        """The entries of a folder; the inbox itself is ``""``."""

    def read(self, name: str, max_bytes: int) -> StoredFile:
        """The bytes of a file, unless there are more than ``max_bytes``."""

    def write(self, folder: str, name: str, content: bytes) -> str:
        """Write a file whole or not at all, unless the same lies there; returns its address."""


@dataclass(frozen=True)
class DiskInbox:
    """A folder on a disk. Below it no link is followed: each folder is opened from the one before it."""

    root: Path

    def is_folder(self) -> bool:
        """Whether the inbox itself is there."""
        return self.root.is_dir()

    def address(self, name: str) -> str:
        """``file://`` and the path, as it is."""
        return f"file://{self.root}/{name}"

    def list_folder(self, folder: str) -> list[Entry]:
        """The entries of a folder, links as such."""
        with self._open_folder(folder) as opened, os.scandir(opened) as entries:
            return [Entry(entry.name, _find_kind(entry)) for entry in entries]

    def read(self, name: str, max_bytes: int) -> StoredFile:
        """The bytes of a regular file."""
        folder, _, last = name.rpartition("/")
        with self._open_folder(folder) as opened:
            return _read_from(opened, last, max_bytes)

    def write(self, folder: str, name: str, content: bytes) -> str:
        """Write a file by renaming a hidden one, in a folder that is made if it isn't there."""
        address = self.address(f"{folder}/{name}" if folder else name)
        with self._open_folder(folder, is_made=True) as opened:
            with suppress(OSError):
                if _read_from(opened, name, len(content)).content == content:
                    return address
            draft = f".{uuid4().hex}"
            try:
                with open(os.open(draft, _OPEN_DRAFT, 0o666, dir_fd=opened), "wb") as stream:
                    stream.write(content)
                os.rename(draft, name, src_dir_fd=opened, dst_dir_fd=opened)
            except BaseException:
                with suppress(OSError):
                    os.unlink(draft, dir_fd=opened)
                raise
        return address

    @contextmanager
    def _open_folder(self, folder: str, *, is_made: bool = False) -> Iterator[int]:
        opened = os.open(self.root, _OPEN_FOLDER)
        try:
            for part in folder.split("/") if folder else []:
                inner = _open_inner(opened, part, is_made=is_made)
                os.close(opened)
                opened = inner
            yield opened
        finally:
            os.close(opened)


@dataclass(frozen=True)
class ObjectInbox:
    """A folder of an object store: a path as universal_pathlib's. A store writes a file whole or not at all."""

    root: Any

    def is_folder(self) -> bool:
        """Whether the inbox itself is there."""
        return bool(self.root.is_dir())

    def address(self, name: str) -> str:
        """The URL."""
        return f"{self.root}/{name}"

    def list_folder(self, folder: str) -> list[Entry]:
        """The entries of a folder, by its file system: some names make no path."""
        place = self._find(folder)
        kinds: dict[str, Kind] = {"file": "file", "directory": "folder"}
        listed = {str(info["name"]).rstrip("/"): str(info["type"]) for info in place.fs.ls(place.path, detail=True)}
        listed.pop(str(place.path).rstrip("/"), None)  # some stores list a folder in itself
        return [Entry(path.rpartition("/")[2], kinds.get(kind, "other")) for path, kind in listed.items()]

    def read(self, name: str, max_bytes: int) -> StoredFile:
        """The bytes of a file, with its time where the store keeps one."""
        path = self._find(name)
        described = path.stat()
        if described.st_size > max_bytes:
            return StoredFile(described.st_size, None, read_time(described.st_mtime))
        with path.open("rb") as stream:
            content: bytes = stream.read(max_bytes + 1)
        if len(content) > max_bytes:
            return StoredFile(len(content), None, read_time(described.st_mtime))
        return StoredFile(len(content), content, read_time(path.stat().st_mtime))

    def write(self, folder: str, name: str, content: bytes) -> str:
        """Write a file."""
        place = self._find(folder)
        target = place / name
        place.mkdir(parents=True, exist_ok=True)
        if target.exists():
            with target.open("rb") as stream:
                if stream.read(len(content) + 1) == content:
                    return str(target)
        with target.open("wb") as stream:
            stream.write(content)
        return str(target)

    def _find(self, name: str) -> Any:
        if "::" in name:  # fsspec reads it as two addresses, one within the other
            raise OSError(errno.EINVAL, 'a name with "::" can\'t be read in this store; ask its sender to rename it')
        return self.root.joinpath(*name.split("/")) if name else self.root


def find_disk_folder(url: str) -> Path | None:
    """The folder that a ``file://`` URL names, percent-encoded or as it is; None where it names none."""
    scheme, _, path = url.partition("://")
    if scheme not in ("file", "local"):
        return None
    path = path.removeprefix("localhost")
    if not path.startswith("/"):
        return None
    decoded = Path(unquote(path))
    return decoded if decoded.is_dir() else Path(path)


def read_time(stored: Any) -> datetime | None:
    """A modification time; None where the store has none, or a number that is no time."""
    if isinstance(stored, datetime):  # most stores give seconds, some a datetime, and 0 for none
        return stored.astimezone(UTC) if stored.tzinfo else stored.replace(tzinfo=UTC)
    try:
        return datetime.fromtimestamp(stored, UTC) if stored else None
    except (ValueError, OverflowError, OSError):
        return None


def _find_kind(entry: os.DirEntry[str]) -> Kind:
    if entry.is_file(follow_symlinks=False):
        return "file"
    return "folder" if entry.is_dir(follow_symlinks=False) else "other"


def _open_inner(opened: int, part: str, *, is_made: bool) -> int:
    """Open a folder in an opened one, never through a link."""
    if part in ("", ".", ".."):
        raise OSError(errno.EINVAL, f"{part!r} names no folder of the inbox")
    if is_made:
        with suppress(FileExistsError):
            os.mkdir(part, dir_fd=opened)
    try:
        return os.open(part, _OPEN_FOLDER | os.O_NOFOLLOW, dir_fd=opened)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise OSError(error.errno, f"{part} is a link or no folder: nothing goes through it") from None
        raise


def _read_from(opened: int, name: str, max_bytes: int) -> StoredFile:
    """Read a regular file in an opened folder. It is looked at first: to open a device may set it going."""
    if not stat.S_ISREG(os.stat(name, dir_fd=opened, follow_symlinks=False).st_mode):
        raise OSError(errno.EINVAL, "it is no file any more, but a link, a pipe or the like")
    with open(os.open(name, _OPEN_FILE, dir_fd=opened), "rb") as stream:
        described = os.fstat(stream.fileno())
        if not stat.S_ISREG(described.st_mode):
            raise OSError(errno.EINVAL, "it is no file any more, but a link, a pipe or the like")
        content = stream.read(max_bytes + 1) if described.st_size <= max_bytes else None
        described = os.fstat(stream.fileno())  # again: somebody may have begun to write it meanwhile
    if content is None or len(content) > max_bytes:
        return StoredFile(max(described.st_size, max_bytes + 1), None, read_time(described.st_mtime))
    return StoredFile(len(content), content, read_time(described.st_mtime))
