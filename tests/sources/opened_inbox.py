"""An inbox over a folder of a disk or of an object store, and the paths of what was written there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cchc.sources.inbox_store import DiskInbox, InboxStore, ObjectInbox


def open_inbox(folder: Any) -> InboxStore:
    """The inbox of a folder, which is made if it isn't there."""
    folder.mkdir(parents=True, exist_ok=True)
    return DiskInbox(folder) if isinstance(folder, Path) else ObjectInbox(folder)


def find_written(folder: Any, address: str) -> Any:
    """The path of a file that was written into the inbox of ``folder``."""
    name = address.removeprefix(open_inbox(folder).address(""))
    return folder.joinpath(*name.split("/"))
