"""Install the locked packages into ``.venv``. Run as a script by the Makefile with the machine's own Python.

Imports nothing but the standard library: nothing else is there yet.
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
    """Make ``.venv`` anew with the locked packages and ``stamp`` in it; why not, if this machine can't hold them."""
    if problem := find_problem():
        return problem
    try:
        # One installation at a time, and the second has nothing to do. Closed to others, who could hold the lock.
        with open(os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if stamp.exists():
                return None
            sys.stderr.write("Installing the locked packages into .venv (about a minute, once) …\n")
            if problem := install():
                return problem
            stamp.touch()  # without it the next make begins anew
    except OSError as error:
        return f"the packages can't be installed in {Path.cwd()}: {error}. Mend that, then run make again"
    return None


def install() -> str | None:
    """Make ``.venv`` and fill it; what failed and what to do, in one line, or None."""
    made = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if subprocess.run(made, stdout=sys.stderr, check=False).returncode:
        return f"{' '.join(made)} failed, its reason is above: is there room on the disk, and the package python3-venv?"
    packages = [argument for file in LOCKS for argument in ("--requirement", str(file))]
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # The lock is complete, so pip need not solve anything; and nothing is built on the user's machine.
    pip += ["--no-deps", "--require-hashes", "--only-binary=:all:", *packages]
    if subprocess.run(pip, stdout=sys.stderr, check=False).returncode:
        return (
            "pip could not install the locked packages, its reason is above. It needs a package index (PIP_INDEX_URL"
            " names another one, HTTPS_PROXY the way to it) and 2 GB of disk. Mend that, then run make again"
        )
    return None


def find_problem() -> str | None:
    """What this machine lacks, in one line, or None."""
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
