"""Rows of the warehouse for pages, by the queries of include/sql/presentation/."""

from __future__ import annotations

from typing import Any

import psycopg

from cchc.warehouse.connection import run_file


def read_rows(connection: psycopg.Connection, query: str, **parameters: Any) -> list[dict[str, Any]]:
    """The rows that ``include/sql/presentation/<query>.sql`` answers with, by their columns."""
    cursor = run_file(connection, f"presentation/{query}.sql", parameters)
    columns = [column.name for column in cursor.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in cursor]
