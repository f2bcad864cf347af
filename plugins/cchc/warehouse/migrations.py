"""Brings the warehouse's schema to include/sql/: numbered migrations once each, views whenever their text changes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import psycopg
from psycopg.errors import DuplicateObject, DuplicateSchema, DuplicateTable, LockNotAvailable, UniqueViolation

from cchc.settings import SQL
from cchc.warehouse.connection import run_file

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


# One after the other, by a lock that only the owner of the tables may take. Whoever else has a lock on a table that a
# migration changes is waited for; meanwhile no reader gets in, so not for long.
LOCK = "lock table ops.schema_migration in share row exclusive mode"
LOCK_TIMEOUT = "20s"


class MigrationError(Exception):
    """A migration that was applied has been edited since, or could not be applied."""


def migrate(connection: psycopg.Connection, lock_timeout: str = LOCK_TIMEOUT) -> list[str]:
    """Apply what is missing, in one transaction; returns the files applied. Safe to call at every start."""
    _make_ledger(connection)
    try:
        with connection.transaction():
            connection.execute(LOCK)
            connection.execute("select set_config('lock_timeout', %s, true)", [lock_timeout])
            return _apply_missing(connection)
    except LockNotAvailable as error:
        raise MigrationError(_explain_wait(connection, lock_timeout)) from error


def _make_ledger(connection: psycopg.Connection) -> None:
    """Make the table of what was applied. Another process may make it at the same moment: it is waited for."""
    try:
        with connection.transaction():
            if not _has_ledger(connection):
                connection.execute(LEDGER)
    except (UniqueViolation, DuplicateObject, DuplicateTable, DuplicateSchema):
        if not _has_ledger(connection):
            raise


def _has_ledger(connection: psycopg.Connection) -> bool:
    row = connection.execute("select to_regclass('ops.schema_migration') is not null").fetchone()
    return bool(row and row[0])


def _apply_missing(connection: psycopg.Connection) -> list[str]:
    applied = []
    known: dict[str, str] = dict(connection.execute("select file, sha256 from ops.schema_migration").fetchall())
    for path in sorted((SQL / "schema").glob("[!.]*.sql")) + sorted((SQL / "views").glob("[!.]*.sql")):
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


def _apply(connection: psycopg.Connection, path: Path, name: str, digest: str) -> None:
    try:
        connection.execute(path.read_bytes())
    except LockNotAvailable:
        raise
    except psycopg.Error as error:
        raise MigrationError(f"include/sql/{name} could not be applied: {error}") from error
    connection.execute(
        "insert into ops.schema_migration (file, sha256) values (%s, %s)"
        " on conflict (file) do update set sha256 = excluded.sha256, applied_at = clock_timestamp()",
        [name, digest],
    )


def _explain_wait(connection: psycopg.Connection, lock_timeout: str) -> str:
    """Who keeps a migration from its tables, since when, and how to end that."""
    holders = run_file(connection, "locks/holders.sql").fetchall()
    told = "".join(
        f"\n  session {pid} of {user}, {program or 'no name'}, {state or 'state hidden'},"
        f" in a transaction since {since or '(hidden)'}: {tables}"
        for pid, user, program, state, since, tables in holders
    )
    session = holders[0][0] if holders else "<session>"
    return (
        f"a migration waited {lock_timeout} for tables that others hold, nothing was changed:{told}\n"
        f'End that work where it was begun, or: make sql Q="select pg_terminate_backend({session})". Then run it again.'
    )
