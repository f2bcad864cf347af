"""Connections to the warehouse in one role, the loader's unless another is named; SQL files and locks on them.

Roles and their rights are made elsewhere: in include/sql/schema/, and for the embedded server in local/roles.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import psycopg
from psycopg import ClientCursor, sql
from psycopg.conninfo import make_conninfo

from cchc.settings import SQL

if TYPE_CHECKING:
    from sqlalchemy import URL

LOADER = "cchc_loader"
ANALYST = "cchc_analyst"

# The same on every server, whatever its defaults and those of the role.
SESSION = {"timezone": "UTC", "datestyle": "ISO"}

# A transaction that holds a lock is idle while the work goes on. The names of the limits depend on the version.
NO_TIMEOUTS = "select set_config(name, '0', false) from pg_settings where name like '%timeout' and context = 'user'"


@dataclass(frozen=True)
class Login:
    """The address of the warehouse and its user. A connection then sets its ``role``, where the user is another one."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    extra: dict[str, str] = field(default_factory=dict)  # further libpq keywords, such as sslmode

    @classmethod
    def of_connection(cls, connection: psycopg.Connection) -> Self:
        """The login of an open connection, for Great Expectations, which opens its own."""
        info = connection.info
        known = ("host", "hostaddr", "port", "dbname", "user", "password", "options", "application_name")
        extra = {name: value for name, value in info.get_parameters().items() if name not in known}
        return cls(info.host, info.port, info.dbname, info.user, info.password, extra)

    def options(self, role: str, **settings: str) -> str:
        """The libpq ``options`` that set ``role`` and session variables, whose values hold no spaces."""
        wanted = {"role": role} if role != self.user else {}
        wanted |= {**SESSION, **settings}
        return " ".join(
            [*filter(None, [self.extra.get("options")]), *(f"-c {name}={value}" for name, value in wanted.items())]
        )

    def conninfo(self, role: str = LOADER) -> str:
        """The libpq connection string."""
        keywords = {"application_name": "cchc", **self.extra, "options": self.options(role)}
        return make_conninfo(
            "",
            host=self.host,
            port=self.port,
            dbname=self.database,
            user=self.user,
            password=self.password,
            **keywords,
        )

    def sqlalchemy_url(self, role: str = LOADER, **settings: str) -> URL:
        """The URL of the same connection for SQLAlchemy (Great Expectations), with session variables."""
        from sqlalchemy import URL

        return URL.create(
            "postgresql+psycopg",
            self.user,
            self.password,
            self.host,
            self.port,
            self.database,
            query={**self.extra, "options": self.options(role, **settings)},
        )


def ignore_libpq_environment() -> None:
    """Remove the variables of libpq from this process's environment, so that only a connection's own settings count.

    PGOPTIONS, PGDATESTYLE, PGHOSTADDR … would change results or break connections, also those of child processes.
    """
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]
    os.environ["PGPASSFILE"] = f"{os.devnull}/none"  # not ~/.pgpass; no warning about a file's rights


@contextmanager
def connect(login: Login, role: str = LOADER, **options: Any) -> Iterator[psycopg.Connection]:
    """Open a connection as ``role`` in autocommit; statements that belong together need ``transaction()``.

    So a query leaves no transaction open, in which a later ``transaction()`` is only a savepoint.
    """
    ignore_libpq_environment()
    with psycopg.connect(login.conninfo(role), autocommit=True, **options) as connection:
        yield connection


def run_file(connection: psycopg.Connection, name: str, parameters: dict[str, Any] | None = None) -> ClientCursor[Any]:
    """Run ``include/sql/<name>`` with bound parameters; the cursor has the result of its last statement."""
    cursor = ClientCursor(connection)
    text = (SQL / name).read_text(encoding="utf-8")
    cursor.execute(sql.SQL(text), parameters)  # a file of this repository, not a value
    while cursor.nextset():
        pass
    return cursor


def take_lock(connection: psycopg.Connection, name: str) -> None:
    """Take the lock ``name`` until the transaction of ``connection`` ends; waits while another holds it.

    A lock is a row of ops.lock, which no analyst may lock. Every user who can connect can hold an advisory lock.
    """
    connection.execute("insert into ops.lock (name) values (%s) on conflict (name) do nothing", [name])
    connection.execute("select from ops.lock where name = %s for update", [name])


@contextmanager
def hold_lock(connection: psycopg.Connection, name: str) -> Iterator[None]:
    """Hold the lock ``name`` while the block runs, whatever commits meanwhile; waits while another holds it.

    A transaction on a second connection holds it, so that it ends with the process, also where that is killed.
    """
    info = connection.info
    with psycopg.connect(info.dsn, password=info.password) as holder:
        holder.execute(NO_TIMEOUTS)
        take_lock(holder, name)
        yield
