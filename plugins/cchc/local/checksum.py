"""``make checksum``: a checksum by which two warehouses, or two states of one, are compared."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from cchc.local.query import analyst_login
from cchc.warehouse.connection import run_file


def print_checksum(home: Path) -> int:
    """Print a checksum for each table of core and mart to standard error, and one of them all to standard output."""
    with analyst_login(home) as login, psycopg.connect(make_conninfo("", **login)) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        # Every server writes the same values as the same text.
        connection.execute(
            "select set_config('datestyle', 'iso, ymd', false), set_config('extra_float_digits', '1', false)"
        )
        total = hashlib.sha256()
        for schema, table in run_file(connection, "checksum/tables.sql").fetchall():
            rows, digest = compute_checksum(connection, schema, table)
            total.update(f"{schema}.{table} {rows} {digest}\n".encode())
            sys.stderr.write(f"{digest}  {schema}.{table} ({rows} rows)\n")
        sys.stdout.write(f"{total.hexdigest()}\n")
    return 0


def compute_checksum(connection: psycopg.Connection, schema: str, table: str) -> tuple[int, str]:
    """Rows of a table and the MD5 of their contents, whatever their order."""
    rows = run_file(connection, "checksum/columns.sql", {"schema": schema, "table": table}).fetchall()
    columns = [name for (name,) in rows]
    query = sql.SQL(
        "select count(*), coalesce(md5(string_agg(h, '' order by h)), '')"
        " from (select md5(row({})::text) as h from {}) as hashed"
    ).format(sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(schema, table))
    row = connection.execute(query).fetchone()
    return (row[0], row[1]) if row else (0, "")
