"""``bad_profile.py DAY SOURCE``: a run of DAY by the checkout that is first on the path, and ``make check SOURCE``.

Prints JSON: the state of each DAG's run, and the lines of the check.
"""

from __future__ import annotations

import json
import sys
from datetime import date


def main(day: str, source: str) -> None:
    from cchc.tasks.check import check_source
    from cchc.tasks.nightly import run_dags

    states = run_dags(date.fromisoformat(day), ["returns", "treasury"])
    print(json.dumps({"states": states, "check": list(check_source(source))}))  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
