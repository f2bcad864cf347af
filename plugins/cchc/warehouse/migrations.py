"""Brings the warehouse's schema to include/sql/: numbered migrations once each, views whenever their text changes.

Schema only: rows are the work of the runs, roles of an embedded server that of local/roles.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
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
comment on table ops.schema_migration is 'Ledger of migrations: applied files of include/sql/schema and views.';
comment on column ops.schema_migration.file is 'File, below include/sql/.';
comment on column ops.schema_migration.sha256 is 'SHA-256 of its text as applied.';
comment on column ops.schema_migration.applied_at is 'Time of the newest application.';
"""

# One process migrates at a time, by a lock that only the owner of the tables may take. A migration waits for anybody
# who holds a lock on a table that it changes; meanwhile no reader gets in, so it doesn't wait long.
LOCK = "lock table ops.schema_migration in share row exclusive mode"
LOCK_TIMEOUT = "20s"

# Every warehouse that was made before release 0.1.0 has applied this file; the baseline has no file of that name.
BEFORE_BASELINE = "schema/0004_staging.sql"


class MigrationError(Exception):
    """A migration that was applied is edited or missing, or could not be applied."""


def migrate(connection: psycopg.Connection, lock_timeout: str = LOCK_TIMEOUT) -> list[str]:
    """Apply the files that the warehouse lacks, in one transaction, and return their names.

    Safe to call at every start. Raises MigrationError; nothing is changed then.
    """
    _make_ledger(connection)
    try:
        with connection.transaction():
            connection.execute(LOCK)
            connection.execute("select set_config('lock_timeout', %s, true)", [lock_timeout])
            return _apply_missing(connection)
    except LockNotAvailable as error:
        raise MigrationError(_explain_wait(connection, lock_timeout)) from error


def _make_ledger(connection: psycopg.Connection) -> None:
    """Make the ledger; if another process makes it at the same moment, wait for that."""
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
    _check_release(known)
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


def _check_release(known: Mapping[str, str]) -> None:
    """Raise MigrationError for a warehouse of another line of migrations. ``known``: file → SHA-256 as applied."""
    missing = sorted(name for name in known if name.startswith("schema/") and not (SQL / name).exists())
    if BEFORE_BASELINE in missing:
        raise MigrationError(
            f"it was made by a version before 0.1.0 ({missing[0]}) and can't be migrated. Its archive can be kept: "
            "move the folder postgres out of the home (or give the connection warehouse a new, empty database), then "
            "run make nightly DATE=… for each day of the archive, oldest first. Loads come from the archive"
        )
    if missing:
        raise MigrationError(
            f"it has applied {missing[0]}, which include/sql/ lacks: use the release that made it, or restore the file"
        )


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
    """A text for the engineer: the sessions that hold the tables, since when, and how to end them."""
    holders = run_file(connection, "locks/holders.sql").fetchall()
    sessions = "".join(
        f"\n  session {pid} of {user}, {program or 'no name'}, {state or 'state hidden'},"
        f" in a transaction since {since or '(hidden)'}: {tables}"
        for pid, user, program, state, since, tables in holders
    )
    session = holders[0][0] if holders else "<session>"
    return (
        f"a migration waited {lock_timeout} for tables that others hold, nothing was changed:{sessions}\n"
        f'End that work where it was begun, or: make sql Q="select pg_terminate_backend({session})". Then run it again.'
    )
