"""The roles and databases of the embedded server; on another server an administrator makes them by hand.

An analyst can change the password and settings of their role, so every start sets all of it again.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from psycopg import ClientCursor, Connection, sql
from psycopg.errors import InternalError, LockNotAvailable

from cchc.local import LocalError
from cchc.settings import SQL

ANALYST = "cchc_analyst"
TRIES = 3


@dataclass(frozen=True)
class Role:
    """An ordinary login. ``connections``: most sessions at once, -1 = no limit; ``member_of``: roles of PostgreSQL."""

    settings: Mapping[str, str] = field(default_factory=dict)
    connections: int = -1
    member_of: tuple[str, ...] = ()


# Limits of analysts' sessions. A session can lift them; a start ends the sessions that exceed them.
LIMITS: Mapping[str, str] = {
    "statement_timeout": "5min",
    "idle_in_transaction_session_timeout": "10min",
    "transaction_timeout": "1h",  # from PostgreSQL 17 on
    "idle_session_timeout": "12h",
}
ROLES: Mapping[str, Role] = {
    "cchc_owner": Role(member_of=("pg_read_all_stats",)),  # to name the session that blocks a migration
    "cchc_loader": Role(),
    # 30 of the server's 100 connections, so that loader and Airflow always connect. Their errors don't fill the log.
    ANALYST: Role(
        {"default_transaction_read_only": "on", "temp_file_limit": "2GB", "log_min_messages": "fatal", **LIMITS},
        connections=30,
    ),
    "airflow": Role(),
}

# Database → (its owner, the rights of others).
DATABASES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "cchc": ("cchc_owner", (f"{ANALYST} CONNECT", "cchc_loader CONNECT", "cchc_loader TEMPORARY")),
    "airflow": ("airflow", ()),
    "postgres": ("postgres", ()),
    "template1": ("postgres", ()),
}


def set_roles(url: Callable[[str], str], credentials: Mapping[str, str]) -> None:
    """Make the missing roles and databases, and set all of them as defined here.

    ``url``: the superuser's libpq URL of a database. After a kill at any point the next call completes the work.
    """
    with _connect(url("postgres")) as connection:
        _run(connection, "end_overdue_sessions", idle_in_transaction=LIMITS["idle_in_transaction_session_timeout"],
             statement=LIMITS["statement_timeout"], transaction=LIMITS["transaction_timeout"])  # fmt: skip
        _set_roles(connection, credentials)
        _set_memberships(connection)
        present = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        for database in DATABASES.keys() - present:
            _execute(connection, "CREATE DATABASE {} OWNER {}", database, DATABASES[database][0])
        for database, rights in _run(connection, "rights", databases=list(DATABASES)):
            if rights != list(DATABASES[database][1]):
                _set_rights(connection, database)
    with _connect(url("cchc")) as connection:
        for (function,) in _run(connection, "open_functions"):
            connection.execute(sql.SQL("REVOKE EXECUTE ON FUNCTION {} FROM PUBLIC").format(sql.SQL(function)))


def _connect(url: str) -> Connection:
    try:
        return psycopg.connect(url, autocommit=True, options="-c lock_timeout=5s")
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise LocalError("secrets.json is not the one that the database was made with: restore it") from error
        if "too many clients" in str(error):
            raise LocalError(
                "all connections of the embedded PostgreSQL are taken: close programs that use it, then run this again"
            ) from error
        raise


def _set_roles(connection: Connection, credentials: Mapping[str, str]) -> None:
    """Set each role as defined, also while an analyst changes theirs."""
    known = {role: state for role, *state in _run(connection, "roles")}
    settings = {name for (name,) in connection.execute("SELECT name FROM pg_settings")}
    for role in ROLES:
        wanted = {name: value for name, value in ROLES[role].settings.items() if name in settings}
        if _is_as_wanted(role, wanted, credentials[role], known.get(role)):
            continue
        for tries_left in reversed(range(TRIES)):
            _run(connection, "end_role_changes")
            try:
                _set_role(connection, role, wanted, credentials[role], is_new=role not in known)
                break
            except (InternalError, LockNotAvailable):
                if not tries_left:
                    raise


def _is_as_wanted(role: str, settings: Mapping[str, str], password: str, known: list[Any] | None) -> bool:
    if known is None:
        return False
    verifier, connections, is_plain, found = known
    wanted = sorted(f"/{name}={value}" for name, value in settings.items())
    return (
        is_plain
        and connections == ROLES[role].connections
        and sorted(found) == wanted
        and matches_password(verifier or "", password)
    )


def matches_password(verifier: str, password: str) -> bool:
    """Whether PostgreSQL's ``verifier`` (SCRAM-SHA-256$<rounds>:<salt>$<stored>:<server>) is of this password."""
    method, _, rest = verifier.partition("$")
    if method != "SCRAM-SHA-256":
        return False
    (rounds, salt), (stored, _) = (part.split(":") for part in rest.split("$"))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), b64decode(salt), int(rounds))
    key = hmac.digest(salted, b"Client Key", "sha256")
    return hmac.compare_digest(hashlib.sha256(key).digest(), b64decode(stored))


def _set_role(connection: Connection, role: str, settings: Mapping[str, str], password: str, *, is_new: bool) -> None:
    with connection.transaction():
        if is_new:
            _execute(connection, "CREATE ROLE {}", role)
        statement = sql.SQL(
            "ALTER ROLE {} LOGIN INHERIT NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS"
            " CONNECTION LIMIT {} VALID UNTIL 'infinity' PASSWORD {}"
        )
        limit = sql.Literal(ROLES[role].connections)
        connection.execute(statement.format(sql.Identifier(role), limit, sql.Literal(password)))
        for (database,) in connection.execute("SELECT datname FROM pg_database").fetchall():
            _execute(connection, "ALTER ROLE {} IN DATABASE {} RESET ALL", role, database)
        _execute(connection, "ALTER ROLE {} RESET ALL", role)
        for setting, value in settings.items():
            statement = sql.SQL("ALTER ROLE {} SET {} = {}")
            connection.execute(statement.format(sql.Identifier(role), sql.Identifier(setting), sql.Literal(value)))


def _set_memberships(connection: Connection) -> None:
    """Grant the memberships of ``ROLES`` and revoke all others of these roles; others may be members of the analyst."""
    wanted = {(group, role) for role in ROLES for group in ROLES[role].member_of}
    for group, member, grantor in _run(connection, "memberships"):
        if (group, member) not in wanted:
            _execute(connection, "REVOKE {} FROM {} GRANTED BY {} CASCADE", group, member, grantor)
        wanted.discard((group, member))
    for group, member in wanted:
        _execute(connection, "GRANT {} TO {}", group, member)


def _set_rights(connection: Connection, database: str) -> None:
    """Revoke every right on ``database`` but the owner's, and grant those of ``DATABASES``."""
    owner, rights = DATABASES[database]
    with connection.transaction():
        _execute(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", database)
        for role in ROLES.keys() - {owner}:
            _execute(connection, "REVOKE ALL ON DATABASE {} FROM {}", database, role)
        for role, privilege in (right.split() for right in rights):
            statement = sql.SQL("GRANT {} ON DATABASE {} TO {}")
            connection.execute(statement.format(sql.SQL(privilege), sql.Identifier(database), sql.Identifier(role)))


def _run(connection: Connection, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
    text = (SQL / "embedded" / f"{name}.sql").read_text(encoding="utf-8")
    given = {"roles": list(ROLES), "analyst": ANALYST, **parameters}
    return ClientCursor(connection).execute(sql.SQL(text), given).fetchall()


def _execute(connection: Connection, statement: LiteralString, *identifiers: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, identifiers)))
