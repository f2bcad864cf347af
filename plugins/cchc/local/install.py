"""The installation of the locked packages into ``.venv``, run by the Makefile with the machine's own Python.

Imports the standard library only: no package is there yet.
"""

from __future__ import annotations

import fcntl
import os
import platform
import subprocess
import sys
from pathlib import Path

PYTHONS = ((3, 11), (3, 14))
GLIBC = (2, 28)
VENV = Path(".venv")
LOCK = Path(".venv.lock")
LOCKS = (Path("requirements.txt"), Path("requirements-dev.txt"))


def main(stamp: Path) -> str | None:
    """Make ``.venv`` anew with the locked packages and ``stamp`` in it; returns the problem, if there is one."""
    if problem := find_problem():
        return problem
    try:
        # One installation at a time; a second one has nothing to do. Other users can't open the lock.
        with open(os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if stamp.exists():
                return None
            sys.stderr.write("Installing the locked packages into .venv (about a minute, once) …\n")
            if problem := install():
                return problem
            stamp.touch()  # without it the next make starts anew
    except OSError as error:
        return f"the packages can't be installed in {Path.cwd()}: {error}. Solve that, then run make again"
    return None


def install() -> str | None:
    """Make ``.venv`` and fill it; returns the failure and its remedy in one line, or None."""
    made = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if subprocess.run(made, stdout=sys.stderr, check=False).returncode:
        return f"{' '.join(made)} failed, its reason is above: is there room on the disk, and the package python3-venv?"
    packages = [argument for file in LOCKS for argument in ("--requirement", str(file))]
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # The lock is complete, so pip solves no dependencies, and no package is built on this machine.
    pip += ["--no-deps", "--require-hashes", "--only-binary=:all:", *packages]
    if subprocess.run(pip, stdout=sys.stderr, check=False).returncode:
        return (
            "pip could not install the locked packages, its reason is above. It needs a package index (PIP_INDEX_URL"
            " names another one, HTTPS_PROXY the way to it) and 2 GB of disk. Solve that, then run make again"
        )
    return None


def find_problem() -> str | None:
    """The requirement that this machine misses, in one line, or None."""
    oldest, newest = PYTHONS
    if not oldest <= sys.version_info[:2] <= newest:
        return f"Python 3.11 to 3.14 is needed, this is {platform.python_version()}: make PYTHON=/path/to/python3.12 …"
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return f"Linux on x86-64 is needed, this is {sys.platform} on {platform.machine()}"
    library, number = platform.libc_ver()
    if library != "glibc" or tuple(int(part) for part in number.split(".")[:2]) < GLIBC:
        return f"glibc 2.28 or newer is needed, this is {library or 'another C library'} {number}".rstrip()
    return None


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[3])
    sys.exit(main(Path(sys.argv[1])))
