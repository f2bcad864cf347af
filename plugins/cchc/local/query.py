"""``make psql`` and ``make sql``: read-only access as the analyst, a shell for people, one statement for programs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import Diagnostic
from psycopg.pq import ExecStatus
from psycopg.types.string import TextLoader

from cchc.local import LocalError
from cchc.local.embedded import MAJOR, open_database
from cchc.local.programs import find_programs
from cchc.local.roles import ANALYST, LIMITS
from cchc.local.warehouse_login import read_login

# On another server the login takes on the analyst's role, which doesn't bring the settings of that role.
BECOME_ANALYST = (
    f"-c role={ANALYST} -c default_transaction_read_only=on -c statement_timeout={LIMITS['statement_timeout']}"
    f" -c idle_in_transaction_session_timeout={LIMITS['idle_in_transaction_session_timeout']}"
)
EXAMPLE = 'make sql Q="select * from mart.attainment_latest"'
ROWS_AT_ONCE = 1000
QUOTED = re.compile(r'[,"\r\n]|^\\\.$')


def open_shell(home: Path) -> int:
    """Run psql on the warehouse as the analyst; returns its exit code."""
    with analyst_login(home) as login:
        # Ctrl-C is for psql, where it cancels a query. A handler, unlike SIG_IGN, isn't inherited by psql.
        signal.signal(signal.SIGINT, lambda *_: None)
        return _run_psql(login)


def run_query(home: Path, query: str) -> int:
    """Run one query as the analyst: CSV with a header on standard output.

    Returns 0, or 1 with the reason on standard error. Raises LocalError for no query, several queries, or a command
    of psql.
    """
    if not query.strip():
        raise LocalError(f"name a query: {EXAMPLE}")
    if query.lstrip().startswith("\\"):
        raise LocalError(f"{query.split(maxsplit=1)[0]} is a command of psql: run make psql, and give it there")
    with (
        analyst_login(home) as login,
        psycopg.connect(make_conninfo("", **login), client_encoding="utf8") as connection,
    ):
        connection.add_notice_handler(_print_server_message)
        connection.read_only = True
        connection.execute("select 1")  # after a statement nothing makes this transaction write
        try:
            _print_answer(connection, query)
        except psycopg.Error as error:
            sys.stderr.write(f"{error.diag.severity or 'ERROR'}:  {error}\n")
            return 1
        except BrokenPipeError:  # the reader has closed its end, as head does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
    return 0


@contextmanager
def analyst_login(home: Path) -> Iterator[dict[str, str]]:
    """The libpq keywords of the analyst on the warehouse of ``AIRFLOW_CONN_WAREHOUSE``, else on the embedded one."""
    if text := os.environ.get("AIRFLOW_CONN_WAREHOUSE"):
        login = read_login(text)
        yield login | {"options": f"{login.get('options', '')} {BECOME_ANALYST}".strip()}
        return
    with open_database(home) as database:
        yield {keyword: str(value) for keyword, value in conninfo_to_dict(database.url(ANALYST)).items()}


def _print_answer(connection: psycopg.Connection, query: str) -> None:
    """Run one statement in the open transaction; several could end it."""
    names = _prepare(connection, query)
    statement = sql.SQL(query)  # the user's own text, which the server has parsed as one statement
    output = sys.stdout.buffer
    with connection.cursor() as cursor:
        if names:
            output.write(format_csv([names]))
            # The server's own text for every value.
            for kind in connection.adapters.types:
                for oid in filter(None, (kind.oid, kind.array_oid)):
                    cursor.adapters.register_loader(oid, TextLoader)
            for row in cursor.stream(statement, size=ROWS_AT_ONCE):
                output.write(format_csv([row]))
        elif query.lstrip()[:4].lower() == "copy":
            with cursor.copy(statement) as copy:
                for block in copy:
                    output.write(block)
        else:
            cursor.execute(statement)
    output.flush()


def _prepare(connection: psycopg.Connection, query: str) -> list[str]:
    """The names of the columns of a statement, without running it. Raises psycopg.Error; LocalError for several."""
    server = connection.pgconn
    for result in (server.prepare(b"", query.encode()), server.describe_prepared(b"")):
        if result.status != ExecStatus.COMMAND_OK:
            error = psycopg.errors.error_from_result(result, encoding="utf-8")
            if isinstance(error, psycopg.errors.SyntaxError) and "multiple commands" in str(error):
                raise LocalError("make sql runs one statement, these are several: run make psql, or one at a time")
            raise error
    return [(result.fname(column) or b"").decode() for column in range(result.nfields)]


def format_csv(rows: Iterable[Iterable[str | None]]) -> bytes:
    """Rows as psql --csv writes them: nothing for NULL, quotes only where they are needed, UTF-8."""
    lines = (",".join(map(_format_value, row)) + "\n" for row in rows)
    return "".join(lines).encode()


def _format_value(value: str | None) -> str:
    if value is None:
        return ""
    return f'"{value.replace(chr(34), 2 * chr(34))}"' if QUOTED.search(value) else value


def _print_server_message(message: Diagnostic) -> None:
    sys.stderr.write(f"{message.severity}:  {message.message_primary}\n")


def _run_psql(login: dict[str, str]) -> int:
    """Run psql. Its environment has the password, which a command line shows to every user, and no other PG setting."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment |= {"PGPASSWORD": login.get("password", ""), "PGCLIENTENCODING": "UTF8"}
    public = make_conninfo(**{keyword: value for keyword, value in login.items() if keyword != "password"})
    command = [str(find_programs(MAJOR) / "psql"), "--no-psqlrc", public]
    return subprocess.run(command, env=environment, check=False).returncode
