"""One run by hand at a time: real processes, a real lock."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cchc.local import LocalError
from cchc.local.run_lock import hold_runs
from cchc.settings import CHECKOUT

HOLD = """
import sys
from pathlib import Path
from cchc.local.run_lock import hold_runs
with hold_runs(Path(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def start() -> Iterator[Callable[[Path, str], subprocess.Popen[str]]]:
    """Starts a process that holds the lock until it gets a line."""
    started: list[subprocess.Popen[str]] = []

    def start(home: Path, what: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(home), what],
            env={**os.environ, "PYTHONPATH": str(CHECKOUT / "plugins")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_second_run_names_the_one_it_waits_for_and_goes_on_after_it(tmp_path, start):
    home = tmp_path / "new" / "home"
    first = start(home, "nightly 2024-06-30")
    assert first.stdout.readline() == "held\n"
    second = start(home, "up")
    result = second.stderr.readline()
    assert f"this home is in use (process {first.pid}, `nightly 2024-06-30`, since " in result
    assert result.endswith("): waiting; Ctrl-C to give up\n")
    first.communicate("\n", timeout=20)
    assert second.stdout.readline() == "held\n"
    assert second.communicate("\n", timeout=20) == ("", "")


def test_ctrl_c_ends_the_wait(tmp_path, start):
    first = start(tmp_path, "run")
    assert first.stdout.readline() == "held\n"
    second = start(tmp_path, "up")
    assert "waiting" in second.stderr.readline()
    second.send_signal(signal.SIGINT)
    second.communicate(timeout=20)
    assert second.returncode == -signal.SIGINT


def test_the_lock_of_a_killed_run_is_free(tmp_path, start):
    first = start(tmp_path, "run")
    assert first.stdout.readline() == "held\n"
    first.kill()
    first.wait(timeout=20)
    with hold_runs(tmp_path, "nightly"):
        assert f"process {os.getpid()}, `nightly`" in (tmp_path / "runs.lock").read_text()


def test_no_other_user_can_open_the_lock(tmp_path):
    (tmp_path / "runs.lock").touch(mode=0o666)
    (tmp_path / "runs.lock").chmod(0o666)
    with hold_runs(tmp_path, "run"):
        assert stat.S_IMODE((tmp_path / "runs.lock").stat().st_mode) == 0o600


def test_a_home_that_cannot_be_made_is_reported_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    message = r"can't be used, CCHC_HOME names another home: .*Not a directory"
    with pytest.raises(LocalError, match=message) as caught, hold_runs(tmp_path / "file" / "home", "run"):
        pytest.fail("it was held")
    assert "\n" not in str(caught.value)
