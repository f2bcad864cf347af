"""Airflow's home of this installation: its settings by environment, its metadata in the embedded server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import psycopg
from psycopg import sql

from cchc.local import LocalError
from cchc.local.embedded import Database
from cchc.local.environment import clean_environment, except_loopback
from cchc.local.ports import HOST
from cchc.settings import CHECKOUT
from cchc.warehouse.connection import run_file

API_PORT = 8766
ADMIN = "admin"


def airflow_environment(home: Path, database: Database, api_port: int = API_PORT) -> dict[str, str]:
    """The variables that make any Airflow process one of this installation's; add them to the caller's.

    A connection ``warehouse`` that the caller's environment names wins over the embedded one.
    """
    metadata = database.url("airflow", "airflow").replace("postgresql:", "postgresql+psycopg:", 1)
    address = f"http://{HOST}:{api_port}"
    options = {
        "CORE__DAGS_FOLDER": str(CHECKOUT / "dags"),
        "CORE__PLUGINS_FOLDER": str(CHECKOUT / "plugins"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__DEFAULT_TIMEZONE": "Asia/Ho_Chi_Minh",
        "CORE__HOSTNAME_CALLABLE": "socket.gethostname",  # asks no name server, which may be slow or away
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",  # LocalExecutor keeps that many idle workers, 32 by default
        "CORE__FERNET_KEY": database.credentials["fernet_key"],
        "CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "airflow" / "passwords.json"),
        "DATABASE__SQL_ALCHEMY_CONN": metadata,
        "DATABASE__SQL_ALCHEMY_CONN_ASYNC": metadata,  # psycopg speaks both; unset, Airflow would ask for asyncpg
        "API__HOST": HOST,
        "API__PORT": str(api_port),
        "API__BASE_URL": address,
        "API__WORKERS": "1",
        "API__SECRET_KEY": database.credentials["api_secret_key"],
        "API_AUTH__JWT_SECRET": database.credentials["jwt_secret"],
        "LOGGING__BASE_LOG_FOLDER": str(home / "logs" / "tasks"),
        "LOGGING__NAMESPACE_LEVELS": "py.warnings=ERROR",  # Airflow's own deprecations, in the log of every task
        "LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS": "0o700",  # rows of agencies may stand in them
        "LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS": "0o600",
    }
    return {
        **{f"AIRFLOW__{option}": value for option, value in options.items()},
        **except_loopback(os.environ),
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW_CONN_WAREHOUSE": os.environ.get("AIRFLOW_CONN_WAREHOUSE") or _embedded_warehouse(database),
        "CCHC_HOME": str(home),
        "GX_ANALYTICS_ENABLED": "false",
        "PYTHONUTF8": "1",  # whatever the caller's locale
        "PYTHONPATH": os.pathsep.join((str(CHECKOUT / "plugins"), str(CHECKOUT))),
    }


def make_folders(home: Path) -> None:
    """The folders of Airflow's own files, closed to others: logs may quote what agencies reported."""
    for folder in (home / "airflow", home / "logs"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)


def prepare_metadata(database: Database, environment: Mapping[str, str]) -> None:
    """Bring Airflow's own tables to the installed version, unless they are there already. Raises LocalError.

    ``environment`` is that of ``airflow_environment``. The comment on the database says which version its tables are
    of: unlike a file it can't outlive them. The migration takes 4–5 s.
    """
    wanted = f"tables of apache-airflow {version('apache-airflow')}"
    with psycopg.connect(database.url("airflow", "airflow"), autocommit=True) as connection:
        # Several commands may come at once; the lock ends with the connection. No analyst can connect to this database.
        connection.execute("SELECT pg_advisory_lock(hashtext('prepare_metadata'))")
        query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        if connection.execute(query).fetchone() == (wanted,):
            return
        migrate_metadata({**clean_environment(os.environ), **environment})
        connection.execute(sql.SQL("COMMENT ON DATABASE airflow IS {}").format(sql.Literal(wanted)))


def migrate_metadata(environment: Mapping[str, str]) -> None:
    """Run Airflow's own migration in ``environment``, which is all that it gets. Raises LocalError."""
    said = subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if said.returncode:
        raise LocalError(f"Airflow could not make its tables:\n{said.stdout.strip()}")


def end_abandoned_runs(database: Database) -> None:
    """Let the runs by hand that are still said to run have failed: the scheduler waits for them for ever.

    The caller holds the lock of the runs (``hold_runs``), so that none of them lives.
    """
    with psycopg.connect(database.url("airflow", "airflow")) as connection:
        run_file(connection, "airflow/end_abandoned_runs.sql")


def _embedded_warehouse(database: Database) -> str:
    login = {
        "conn_type": "postgres",
        "host": database.host,
        "port": database.port,
        "login": "cchc_loader",
        "password": database.credentials["cchc_loader"],
        "schema": "cchc",
    }
    return json.dumps(login)
