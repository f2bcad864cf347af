"""Runs DAGs in processes that each send themselves a signal in the middle of a step.

The steps are the real ones. The signal comes right after the ``nth`` call of the named function, before a commit
and, at SIGKILL, before any cleanup.

Each line of the standard input asks for one run, as JSON: ``environment``, ``arguments`` (point, day, signal) and
``output``, the path of the file for its output. The answer is the exit code. The processes are forked from this one,
which imports Airflow and Great Expectations once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

# Point → module, name in it, a part of the text of the arguments that selects calls, the number of the call.
POINTS = {
    "fetch": ("cchc.sources.raw_archive", "_write", "capture.json", 3),
    "stage": ("cchc.warehouse.staging", "_copy", "_statistic", 2),
    "audit": ("cchc.quality.audit", "_record", "", 15),
    "publish": ("cchc.warehouse.publish", "run_file", "core.portal_statistic", 4),
    "attain": ("cchc.indicators.attainment", "run_file", "attainment/6_merge.sql", 1),
}


def kill_after(function: Callable[..., Any], wanted: str, times: int, number: int) -> Callable[..., Any]:
    """``function`` with the signal after its ``times``-th call whose arguments contain ``wanted``."""
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

    from cchc.tasks.nightly import run_dags

    module_name, name, wanted, times = POINTS[point]
    module = importlib.import_module(module_name)
    setattr(module, name, kill_after(getattr(module, name), wanted, times, signal.Signals[number]))
    run_dags(date.fromisoformat(day), ["national_portal"])


def serve() -> None:
    """Answer each line; a forked process runs the DAGs and returns."""
    import great_expectations  # noqa: F401
    from airflow import settings

    import cchc.tasks.nightly  # noqa: F401

    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if not pid:
            with open(asked["output"], "wb") as output:
                for stream in (sys.stdout, sys.stderr):
                    os.dup2(output.fileno(), stream.fileno())
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
