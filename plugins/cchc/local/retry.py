"""``make retry``: stopped loads of a source and day are audited again, from the same archived bytes, by the next run.

It is for a change of rules or of the field map. Without it a run asks the source anew for a stopped window.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import psycopg

from cchc.local import LocalError
from cchc.local.data_date import read_day
from cchc.local.run_lock import hold_runs
from cchc.local.warehouse import connect_as_loader
from cchc.settings import SOURCES
from cchc.sources.profile import PROFILES
from cchc.warehouse.connection import run_file, take_lock

EXAMPLE = "make retry SOURCE=eoffice DATE=2024-06-30"
REASON = "to be audited again from the archive: make retry was run, the next run for the day does it"


def retry(home: Path, source: str, day: str) -> int:
    """Prepare the stopped loads of a source and day for the next run, and print them; returns 0. Raises LocalError."""
    wanted = read_day(day, EXAMPLE)
    sources = sorted(path.stem for path in SOURCES.glob(PROFILES))
    if source not in sources:
        raise LocalError(f"no source {source!r}: there are {', '.join(sources)}. {EXAMPLE}")
    with hold_runs(home, f"retry {source} {wanted}"), connect_as_loader(home) as connection:
        for line in retry_loads(connection, source, wanted):
            sys.stdout.write(f"{line}\n")
    return 0


def retry_loads(connection: psycopg.Connection, source: str, day: date) -> list[str]:
    """Mark the stopped loads of a source and day as failed; returns lines about them. Commits.

    Raises LocalError where there is none.
    """
    with connection.transaction():
        take_lock(connection, f"publish {source}")
        parameters = {"source": source, "day": day, "reason": REASON}
        labels = [label for (label,) in run_file(connection, "retry/loads.sql", parameters)]
    if not labels:
        raise LocalError(f"{source} has no stopped load of {day}. Nothing was changed")
    return [*labels, f"{len(labels)} stopped loads: make nightly DATE={day} SOURCES={source} audits them again"]
