"""Signals end a run by hand, whatever Airflow does with them; real processes, real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cchc.settings import CHECKOUT

# Airflow's part while a task runs: a handler of its own for SIGTERM, and every exception is a failure of the task.
RUN = """
import signal, sys, time
from cchc.tasks.interruption import noting_signals

def run_task(number):
    signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        print("task", number, flush=True)
        time.sleep(20)
    except BaseException as error:
        print(type(error).__name__, flush=True)

try:
    with noting_signals() as leave_if_noted:
        for number in range(3):
            run_task(number)
            leave_if_noted()
finally:
    print("tidying up", flush=True)
    time.sleep(float(sys.argv[1]))
    print("tidy", flush=True)
"""


@pytest.fixture
def run() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes to be ended."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


# Tests that run in the background of a shell ignore Ctrl-C, below nohup a closed terminal.
HEED = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    " signal.signal(signal.SIGHUP, signal.SIG_DFL)"
)


def start(run: list[subprocess.Popen[str]], tidying: float = 0, before: str = HEED) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", before + RUN, str(tidying)],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT / "plugins")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    run.append(process)
    assert process.stdout is not None
    assert process.stdout.readline() == "task 0\n"
    return process


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_within_a_task_ends_the_run(run, number, code):
    process = start(run)
    process.send_signal(number)
    said, _ = process.communicate(timeout=15)
    assert said.split("\n") == ["KeyboardInterrupt", "tidying up", "tidy", ""]
    assert process.returncode == code


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_second_signal_does_not_break_the_tidying_up(run, second):
    process = start(run, tidying=1)
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "KeyboardInterrupt\n"
    assert process.stdout.readline() == "tidying up\n"
    process.send_signal(second)
    assert process.communicate(timeout=15)[0] == "tidy\n"
    assert process.returncode == 143


def test_a_signal_that_nohup_ignores_stays_ignored(run):
    process = start(run, before="import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)")
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=15)
    assert process.returncode == 143


def test_sigterm_ends_a_run_in_the_background_of_a_shell(run):
    process = start(run, before="import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=15)
    assert process.returncode == 143
