"""``make check``: the state of a source, check by check."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cchc.local.demonstration import open_sources
from cchc.local.warehouse import open_airflow


def check_source(home: Path, source: str) -> int:
    """Ask a configured source once and print each check; 0 when all pass, else 1."""
    # Airflow, which reads the connection, reads its settings at its import.
    with open_airflow(home), open_sources(home):
        os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING")
        from cchc.tasks import check

        all_well = True
        for is_well, sentence in check.check_source(source):
            all_well &= is_well
            sys.stdout.write(f"{'ok  ' if is_well else 'BAD '} {sentence}\n")
    return 0 if all_well else 1
