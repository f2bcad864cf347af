"""Files that processes lock: only their owner may open them."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from cchc.local.credentials import write_private
from cchc.local.embedded import open_database
from cchc.local.lock_files import open_lock
from cchc.local.run_lock import hold_runs

LOCKS = ("postgres.lock", "postgres.users")


def test_lock_files_of_the_database_are_closed_to_others_also_older_ones(home: Path) -> None:
    home.mkdir()
    for name in LOCKS:
        (home / name).touch(0o644)
    with open_database(home, settings={"fsync": "off"}):
        assert [(home / name).stat().st_mode & 0o777 for name in LOCKS] == [0o600, 0o600]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_another_user_can_hold_no_lock(home: Path) -> None:
    home.mkdir()
    home.chmod(0o755)
    with open_lock(home / "some.lock") as lock:
        tried = subprocess.run(
            ["cat", str(home / "some.lock")], user="nobody", capture_output=True, text=True, check=False
        )
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert "Permission denied" in tried.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_files_that_root_makes_are_those_of_the_homes_owner(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    with hold_runs(tmp_path, "run"), open_lock(tmp_path / "services.lock"):
        write_private(tmp_path / "demonstration.json", "{}")
    made = {file.name: (file.stat().st_uid, file.stat().st_mode & 0o777) for file in tmp_path.iterdir()}
    assert made == dict.fromkeys(("runs.lock", "services.lock", "demonstration.json"), (65534, 0o600))


def test_link_in_place_of_a_lock_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        open_lock(tmp_path / "lock")
    assert not (tmp_path / "elsewhere").exists()
