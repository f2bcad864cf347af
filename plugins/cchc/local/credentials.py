"""The passwords and keys of this installation: made once, kept in a file that only its owner can read."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path

from cchc.local import LocalError
from cchc.local.lock_files import give_to_owner

PASSWORDS = ("postgres", "cchc_owner", "cchc_loader", "cchc_analyst", "airflow", "admin")
KEYS = ("fernet_key", "jwt_secret", "api_secret_key")


def read_credentials(home: Path, *, is_new: bool = True) -> dict[str, str]:
    """Every password (by role; ``admin`` is Airflow's user) and key of ``home``; missing ones are made and stored.

    ``is_new``: the database isn't made yet. Afterwards the file must exist: raises LocalError where it is lost or
    damaged. Not safe for two processes at once: the caller holds the lock of the database.
    """
    file = home / "secrets.json"
    if not is_new and not file.exists():
        raise LocalError(f"{file} is missing, and the database can't be opened without it: restore it")
    known = _read_secrets(file) if file.exists() else {}
    missing = [name for name in (*PASSWORDS, *KEYS) if name not in known]
    if missing:
        known |= {name: _make_secret(name) for name in missing}
        write_private(file, json.dumps(known, indent=2) + "\n")
    return known


def _read_secrets(file: Path) -> dict[str, str]:
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise LocalError(f"{file} is damaged, and the database can't be opened without it: restore it") from error
    if not isinstance(known, dict) or not all(isinstance(value, str) for value in known.values()):
        raise LocalError(f"{file} is damaged, and the database can't be opened without it: restore it")
    return known


def write_private(file: Path, text: str) -> None:
    """Write ``text`` to ``file`` atomically, readable only by the owner of its folder."""
    draft = file.with_suffix(".new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(text)
        stream.flush()
        give_to_owner(stream.fileno(), file.parent)
        os.fsync(stream.fileno())
    draft.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _make_secret(name: str) -> str:
    if name == "fernet_key":  # exactly 32 bytes, padded
        return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_urlsafe(48 if name in KEYS else 18)  # characters that need no escape in URLs
