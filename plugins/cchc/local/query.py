"""The analyst's shell and queries, reading only: psql out of the wheel for people, one statement for programs."""

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

# On another server one logs in as somebody who may become the analyst; becoming it doesn't bring its settings along.
BECOME_ANALYST = (
    f"-c role={ANALYST} -c default_transaction_read_only=on -c statement_timeout={LIMITS['statement_timeout']}"
    f" -c idle_in_transaction_session_timeout={LIMITS['idle_in_transaction_session_timeout']}"
)
EXAMPLE = 'make sql Q="select * from mart.attainment_latest"'
ROWS_AT_ONCE = 1000
QUOTED = re.compile(r'[,"\r\n]|^\\\.$')


def open_shell(home: Path) -> int:
    """psql on the warehouse as the analyst; its exit code."""
    with analyst_login(home) as login:
        # Ctrl-C is psql's: it cancels a query there. A handler, unlike SIG_IGN, isn't handed down to it.
        signal.signal(signal.SIGINT, lambda *_: None)
        return _run_psql(login)


def run_query(home: Path, query: str) -> int:
    """Run one query as the analyst, CSV with a header on standard output; 0, or 1 with the reason on standard error."""
    if not query.strip():
        raise LocalError(f"name a query: {EXAMPLE}")
    if query.lstrip().startswith("\\"):
        raise LocalError(f"{query.split(maxsplit=1)[0]} is a command of psql: run make psql, and give it there")
    with (
        analyst_login(home) as login,
        psycopg.connect(make_conninfo("", **login), client_encoding="utf8") as connection,
    ):
        connection.add_notice_handler(_print_notice)
        connection.read_only = True
        connection.execute("select 1")  # after it nothing makes this transaction write
        try:
            _print_answer(connection, query)
        except psycopg.Error as error:
            sys.stderr.write(f"{error.diag.severity or 'ERROR'}:  {error}\n")
            return 1
        except BrokenPipeError:  # as of head, which has read enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
    return 0


@contextmanager
def analyst_login(home: Path) -> Iterator[dict[str, str]]:
    """The libpq keywords of the analyst on the warehouse that ``AIRFLOW_CONN_WAREHOUSE`` names, else the embedded."""
    if text := os.environ.get("AIRFLOW_CONN_WAREHOUSE"):
        login = read_login(text)
        yield login | {"options": f"{login.get('options', '')} {BECOME_ANALYST}".strip()}
        return
    with open_database(home) as database:
        yield {keyword: str(value) for keyword, value in conninfo_to_dict(database.url(ANALYST)).items()}


def _print_answer(connection: psycopg.Connection, query: str) -> None:
    """Run one statement in the transaction that is open; several would get out of it."""
    names = _prepare(connection, query)
    statement = sql.SQL(query)  # the words of whom it is for, which the server has found to be one statement
    output = sys.stdout.buffer
    with connection.cursor() as cursor:
        if names:
            output.write(format_csv([names]))
            # The server's own words for every value.
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
    """The columns that one statement answers with, without running it. Raises psycopg.Error, LocalError."""
    server = connection.pgconn
    for result in (server.prepare(b"", query.encode()), server.describe_prepared(b"")):
        if result.status != ExecStatus.COMMAND_OK:
            error = psycopg.errors.error_from_result(result, encoding="utf-8")
            if isinstance(error, psycopg.errors.SyntaxError) and "multiple commands" in str(error):
                raise LocalError("make sql runs one statement, these are several: run make psql, or one at a time")
            raise error
    return [(result.fname(column) or b"").decode() for column in range(result.nfields)]


def format_csv(rows: Iterable[Iterable[str | None]]) -> bytes:
    """Rows as psql --csv writes them: nothing for NULL, quotes only where they are needed."""
    lines = (",".join(map(_format_value, row)) + "\n" for row in rows)
    return "".join(lines).encode()


def _format_value(value: str | None) -> str:
    if value is None:
        return ""
    return f'"{value.replace(chr(34), 2 * chr(34))}"' if QUOTED.search(value) else value


def _print_notice(notice: Diagnostic) -> None:
    sys.stderr.write(f"{notice.severity}:  {notice.message_primary}\n")


def _run_psql(login: dict[str, str]) -> int:
    """Everybody may read a command line, so the password goes by environment, and nothing else that psql obeys does."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment |= {"PGPASSWORD": login.get("password", ""), "PGCLIENTENCODING": "UTF8"}
    public = make_conninfo(**{keyword: value for keyword, value in login.items() if keyword != "password"})
    command = [str(find_programs(MAJOR) / "psql"), "--no-psqlrc", public]
    return subprocess.run(command, env=environment, check=False).returncode
