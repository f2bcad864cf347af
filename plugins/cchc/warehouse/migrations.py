"""Brings the warehouse's schema to include/sql/: numbered migrations once each, views whenever their text changes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import psycopg

from cchc.settings import SQL

LEDGER = """
create schema if not exists ops;
create table if not exists ops.schema_migration (
    file text primary key,
    sha256 text not null,
    applied_at timestamptz not null default clock_timestamp()
);
comment on table ops.schema_migration is 'Files of include/sql/schema and views that this warehouse has taken in.';
comment on column ops.schema_migration.file is 'File, below include/sql/.';
comment on column ops.schema_migration.sha256 is 'SHA-256 of its text as applied.';
comment on column ops.schema_migration.applied_at is 'When.';
"""


class MigrationError(Exception):
    """A migration that was applied has been edited since, or could not be applied."""


def migrate(connection: psycopg.Connection) -> list[str]:
    """Apply what is missing, in one transaction; returns the files applied. Safe to call at every start."""
    applied = []
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtextextended('cchc.migrations', 0))")
        known = _read_known(connection)
        if known is None:
            connection.execute(LEDGER)
            known = {}
        for path in sorted((SQL / "schema").glob("*.sql")) + sorted((SQL / "views").glob("*.sql")):
            name = f"{path.parent.name}/{path.name}"
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if known.get(name) == digest:
                continue
            if name in known and path.parent.name == "schema":
                raise MigrationError(
                    f"include/sql/{name} was applied to this warehouse and has been edited since: "
                    "restore it and write the change as a new migration"
                )
            _apply(connection, path, name, digest)
            applied.append(name)
    return applied


def _read_known(connection: psycopg.Connection) -> dict[str, str] | None:
    row = connection.execute("select to_regclass('ops.schema_migration') is not null").fetchone()
    if row is None or not row[0]:
        return None
    return dict(connection.execute("select file, sha256 from ops.schema_migration").fetchall())


def _apply(connection: psycopg.Connection, path: Path, name: str, digest: str) -> None:
    try:
        connection.execute(path.read_bytes())
    except psycopg.Error as error:
        raise MigrationError(f"include/sql/{name} could not be applied: {error}") from error
    connection.execute(
        "insert into ops.schema_migration (file, sha256) values (%s, %s)"
        " on conflict (file) do update set sha256 = excluded.sha256, applied_at = clock_timestamp()",
        [name, digest],
    )
