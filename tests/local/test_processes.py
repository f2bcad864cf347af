"""Processes where /proc shows little."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from cchc.local.processes import is_alive, name_place
from cchc.settings import CHECKOUT

LOOK = """
import os
from cchc.local.processes import find_attached, find_members, read_command
own, other = os.getpid(), int(os.environ["OTHER"])
print(read_command(other), find_members({other: "0"}), find_attached(0), bool(read_command(own)))
"""
AS_SOMEBODY = (
    'mount -t proc -o "hidepid=$HIDING" proc /proc && exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"'
)


@pytest.mark.parametrize("hiding", ["1", "2"])
def test_processes_that_proc_hides_are_none(hiding: str) -> None:
    environment = {"PYTHONPATH": str(CHECKOUT / "plugins"), "HIDING": hiding, "OTHER": str(os.getpid())}
    hidden = ["unshare", "--mount", "sh", "-c", AS_SOMEBODY, "sh"]
    if subprocess.run(
        [*hidden, sys.executable, "-c", ""], env=environment, check=False, capture_output=True
    ).returncode:
        pytest.skip("no /proc of its own can be mounted here, or this Python is closed to others")
    result = subprocess.run(
        [*hidden, sys.executable, "-c", LOOK], env=environment, check=False, capture_output=True, text=True
    )
    assert (result.stdout, result.stderr) == ("[] {} [] True\n", "")


def test_another_container_is_another_place() -> None:
    unseen = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c"]
    program = "from cchc.local.processes import name_place; print(name_place())"
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "plugins")}
    result = subprocess.run([*unseen, program], env=environment, check=False, capture_output=True, text=True)
    if result.returncode:
        pytest.skip("no processes can be hidden here")
    assert result.stdout.strip() not in ("", name_place())
    here = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    assert here.stdout.strip() == name_place()


def test_process_is_alive_until_it_has_ended_also_as_a_zombie() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        assert is_alive(process.pid)
        process.stdin.close()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # leaves the zombie
        assert not is_alive(process.pid)
    assert not is_alive(process.pid)


def test_process_is_alive_while_its_program_begins() -> None:
    for _ in range(50):
        with subprocess.Popen(["sh", "-c", "exec sleep 5"]) as process:
            assert is_alive(process.pid)
            process.kill()
