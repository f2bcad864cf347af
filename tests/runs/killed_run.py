"""``killed_run.py POINT DAY SIGNAL``: a run that sends itself a signal in the middle of one of its steps.

The steps are the real ones. The signal comes right after the ``nth`` call of the named function, before a commit
and, at SIGKILL, before any cleanup.
"""

from __future__ import annotations

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


if __name__ == "__main__":
    main(*sys.argv[1:])
