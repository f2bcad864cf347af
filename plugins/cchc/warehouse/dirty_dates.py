"""Dirty dates: rows of ops.dirty_date, which state from which day on the attainment must be computed again.

Publish and withdrawal add them, the attainment deletes those that it has computed.
"""

from __future__ import annotations

import psycopg


def has_dirty_results(connection: psycopg.Connection, province: str) -> bool:
    """Whether results of a province are computed for a dirty date or a later day, so that they are out of date."""
    row = connection.execute(
        "select exists (select from ops.dirty_date as t join mart.indicator_attainment as a"
        " on a.as_of_date >= t.data_date"
        " where a.agency_code = %s)",
        [province],
    ).fetchone()
    return bool(row and row[0])
