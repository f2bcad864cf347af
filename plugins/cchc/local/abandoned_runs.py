"""Runs by hand that were killed, in Airflow's own tables."""

from __future__ import annotations

import psycopg

from cchc.local.embedded import Database
from cchc.warehouse.connection import run_file


def end_abandoned_runs(database: Database) -> None:
    """Let the runs by hand that are still said to run have failed: the scheduler waits for them for ever.

    The caller holds the lock of the runs (``hold_runs``), so that none of them lives.
    """
    with psycopg.connect(database.url("airflow", "airflow")) as connection:
        run_file(connection, "airflow/end_abandoned_runs.sql")
