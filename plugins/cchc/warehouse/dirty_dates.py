"""Dirty dates: rows of ops.dirty_date, which state from which day on the attainment must be computed again.

Publish and withdrawal add them, the attainment deletes those that it has computed.
"""

from __future__ import annotations

import psycopg

from cchc.warehouse.connection import run_file


def has_dirty_results(connection: psycopg.Connection, province: str) -> bool:
    """Whether results of a province are computed for a dirty date or a later day, so that they are out of date."""
    row = run_file(connection, "runs/dirty_results.sql", {"province": province}).fetchone()
    return bool(row and row[0])
