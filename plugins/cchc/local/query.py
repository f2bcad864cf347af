"""The analyst's shell and queries: psql out of the wheel, reading only."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cchc.local import LocalError
from cchc.local.embedded import MAJOR, open_database
from cchc.local.programs import find_programs
from cchc.local.warehouse_login import read_login

ANALYST = "cchc_analyst"

# On another server one logs in as somebody who may become the analyst; becoming it doesn't bring its settings along.
BECOME_ANALYST = f"-c role={ANALYST} -c default_transaction_read_only=on"


def open_shell(home: Path) -> int:
    """psql on the warehouse as the analyst; its exit code."""
    with analyst_login(home) as login:
        # Ctrl-C is psql's: it cancels a query there. A handler, unlike SIG_IGN, isn't handed down to it.
        signal.signal(signal.SIGINT, lambda *_: None)
        return _run_psql(login)


def run_query(home: Path, query: str) -> int:
    """Run one query as the analyst, CSV with a header on standard output; 0, or 1 with the reason on standard error."""
    if not query.strip():
        raise LocalError('name a query: make sql Q="select * from mart.attainment_latest"')
    with analyst_login(home) as login:
        return 1 if _run_psql(login, "--csv", "--quiet", "--set=ON_ERROR_STOP=1", f"--command={query}") else 0


@contextmanager
def analyst_login(home: Path) -> Iterator[dict[str, str]]:
    """The libpq keywords of the analyst on the warehouse that ``AIRFLOW_CONN_WAREHOUSE`` names, else the embedded."""
    if text := os.environ.get("AIRFLOW_CONN_WAREHOUSE"):
        login = read_login(text)
        yield login | {"options": f"{login.get('options', '')} {BECOME_ANALYST}".strip()}
        return
    with open_database(home) as database:
        yield {keyword: str(value) for keyword, value in conninfo_to_dict(database.url(ANALYST)).items()}


def _run_psql(login: dict[str, str], *arguments: str) -> int:
    """Everybody may read a command line, so the password goes by environment, and nothing else that psql obeys does."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment |= {"PGPASSWORD": login.get("password", ""), "PGCLIENTENCODING": "UTF8"}
    public = make_conninfo(**{keyword: value for keyword, value in login.items() if keyword != "password"})
    command = [str(find_programs(MAJOR) / "psql"), "--no-psqlrc", *arguments, public]
    return subprocess.run(command, env=environment, check=False).returncode
