"""Files that processes lock (flock). Only the owner may open one, since any opener can keep it locked for ever."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO


def open_lock(file: Path) -> IO[str]:
    """The open lock file, made if it is missing, with the mode 0600. A symbolic link raises OSError."""
    stream = os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+")
    if os.fstat(stream.fileno()).st_mode & 0o077:
        os.fchmod(stream.fileno(), 0o600)
    give_to_owner(stream.fileno(), file.parent)
    return stream


def give_to_owner(descriptor: int, folder: Path) -> None:
    """As root: give a file to the owner of its folder, who couldn't open it otherwise."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
