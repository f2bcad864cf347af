"""The roles and databases of the embedded server: what an administrator makes by hand on another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString

import psycopg
from psycopg import Connection, sql

from cchc.local import LocalError

# role -> its settings. None is a superuser, none can make roles or databases.
ROLES: Mapping[str, Mapping[str, str]] = {
    "cchc_owner": {},
    "cchc_loader": {},
    "cchc_analyst": {"default_transaction_read_only": "on", "statement_timeout": "5min"},
    "airflow": {},
}

# database -> (its owner, the others who may connect)
DATABASES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "cchc": ("cchc_owner", ("cchc_loader", "cchc_analyst")),
    "airflow": ("airflow", ()),
}


def create_roles(superuser_url: str, credentials: Mapping[str, str]) -> None:
    """Create the roles and databases that aren't there yet. A kill at any point leaves what the next call completes."""
    try:
        connection = psycopg.connect(superuser_url, autocommit=True)
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise LocalError("secrets.json is not the one that the database was made with: restore it") from error
        raise
    with connection:
        present = _names(connection, "SELECT rolname FROM pg_roles")
        for role in ROLES.keys() - present:
            _create_role(connection, role, credentials[role])
        present = _names(connection, "SELECT datname FROM pg_database")
        for database in DATABASES.keys() - present:
            _execute(connection, "CREATE DATABASE {} OWNER {}", database, DATABASES[database][0])
        # CREATE DATABASE allows no transaction, so what follows it is told by its own trace: privileges were set.
        open_to_all = _names(connection, "SELECT datname FROM pg_database WHERE datacl IS NULL")
        for database in DATABASES.keys() & open_to_all:
            restrict_database(connection, database, DATABASES[database][1])


def restrict_database(connection: Connection, database: str, guests: tuple[str, ...]) -> None:
    """Let only the owner and ``guests`` connect to ``database``."""
    with connection.transaction():
        _execute(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", database)
        for guest in guests:
            _execute(connection, "GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}", database, guest)


def _create_role(connection: Connection, role: str, password: str) -> None:
    with connection.transaction():
        statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
        connection.execute(statement.format(sql.Identifier(role), sql.Literal(password)))
        for setting, value in ROLES[role].items():
            statement = sql.SQL("ALTER ROLE {} SET {} = {}")
            connection.execute(statement.format(sql.Identifier(role), sql.Identifier(setting), sql.Literal(value)))


def _names(connection: Connection, query: LiteralString) -> set[str]:
    return {name for (name,) in connection.execute(query)}


def _execute(connection: Connection, statement: LiteralString, *identifiers: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, identifiers)))
