"""Runs nights, each in a process of its own that sends itself a signal in the middle of one of the night's steps.

The steps are the real ones; only the moment is chosen: it comes right after the named function has done its
work for the ``nth`` time, before anybody can commit or, at SIGKILL, tidy up.

A line of the standard input asks for a night, as JSON: ``environment``, ``arguments`` (point, day, signal) and the path
``said`` for its output. Its exit code is answered. The processes are forked from this one, which has imported
Airflow and Great Expectations once for all.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

# point -> module, name in it, a part of the arguments' text that chooses the call, the how-manieth of those
POINTS = {
    "land": ("cchc.sources.archive", "_write", "capture.json", 3),
    "stage": ("cchc.warehouse.staging", "_replace", "_statistic", 2),
    "audit": ("cchc.quality.audit", "_record", "", 15),
    "publish": ("cchc.warehouse.publish", "run_file", "core.portal_statistic", 4),
    "attain": ("cchc.indicators.attainment", "run_file", "attainment/store.sql", 1),
}


def kill_after(function: Callable[..., Any], wanted: str, times: int, number: int) -> Callable[..., Any]:
    """``function``, sending the signal after its ``times``-th call whose arguments name ``wanted``."""
    left = times

    def call(*arguments: Any, **named: Any) -> Any:
        nonlocal left
        result = function(*arguments, **named)
        left -= wanted in repr(arguments)
        if not left:
            os.kill(os.getpid(), number)
        return result

    return call


def main(point: str, day: str, number: str) -> None:
    import importlib

    from cchc.tasks.nightly import run_night

    module_name, name, wanted, times = POINTS[point]
    module = importlib.import_module(module_name)
    setattr(module, name, kill_after(getattr(module, name), wanted, times, signal.Signals[number]))
    run_night(date.fromisoformat(day), ["national_portal"])


def serve() -> None:
    """Answer each line; in the process of a night, run it and return."""
    import great_expectations  # noqa: F401
    from airflow import settings

    import cchc.tasks.nightly  # noqa: F401

    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if not pid:
            with open(asked["said"], "wb") as said:
                for stream in (sys.stdout, sys.stderr):
                    os.dup2(said.fileno(), stream.fileno())
            os.environ.update(asked["environment"])
            settings.dispose_orm()
            settings.configure_vars()
            settings.configure_orm()
            main(*asked["arguments"])
            return
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    serve()
