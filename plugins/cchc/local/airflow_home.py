"""Airflow's home of this installation: settings by environment, metadata in the embedded server."""

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

    A connection ``warehouse`` in the caller's environment takes precedence over the embedded one.
    """
    options = {
        **_list_core_options(home, database),
        **_list_api_options(database, api_port),
        **_list_logging_options(home),
    }
    return {
        **{f"AIRFLOW__{option}": value for option, value in options.items()},
        **except_loopback(os.environ),
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW_CONN_WAREHOUSE": os.environ.get("AIRFLOW_CONN_WAREHOUSE") or _embedded_warehouse(database),
        "CCHC_HOME": str(home),
        "GX_ANALYTICS_ENABLED": "false",
        "PYTHONUTF8": "1",  # in any locale of the caller
        "PYTHONPATH": os.pathsep.join((str(CHECKOUT / "plugins"), str(CHECKOUT))),
    }


def _list_core_options(home: Path, database: Database) -> dict[str, str]:
    metadata = database.url("airflow", "airflow").replace("postgresql:", "postgresql+psycopg:", 1)
    return {
        "CORE__DAGS_FOLDER": str(CHECKOUT / "dags"),
        "CORE__PLUGINS_FOLDER": str(CHECKOUT / "plugins"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__DEFAULT_TIMEZONE": "Asia/Ho_Chi_Minh",
        "CORE__HOSTNAME_CALLABLE": "socket.gethostname",  # asks no name server, which may be slow or unreachable
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",  # LocalExecutor keeps that many idle workers, 32 by default
        "CORE__FERNET_KEY": database.credentials["fernet_key"],
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "airflow" / "passwords.json"),
        "DATABASE__SQL_ALCHEMY_CONN": metadata,
        "DATABASE__SQL_ALCHEMY_CONN_ASYNC": metadata,  # psycopg serves both; by default Airflow would need asyncpg
    }


def _list_api_options(database: Database, api_port: int) -> dict[str, str]:
    address = f"http://{HOST}:{api_port}"
    return {
        "CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "API__HOST": HOST,
        "API__PORT": str(api_port),
        "API__BASE_URL": address,
        "API__WORKERS": "1",
        "API__SECRET_KEY": database.credentials["api_secret_key"],
        "API_AUTH__JWT_SECRET": database.credentials["jwt_secret"],
    }


def _list_logging_options(home: Path) -> dict[str, str]:
    return {
        "LOGGING__BASE_LOG_FOLDER": str(home / "logs" / "tasks"),
        "LOGGING__NAMESPACE_LEVELS": "py.warnings=ERROR",  # Airflow's own deprecations, in the log of every task
        "LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS": "0o700",  # logs may have rows of agencies
        "LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS": "0o600",
    }


def make_folders(home: Path) -> None:
    """Make the folders of Airflow's own files, closed to others: logs may quote reports of agencies."""
    for folder in (home / "airflow", home / "logs"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)


def prepare_metadata(database: Database, environment: Mapping[str, str]) -> None:
    """Migrate Airflow's own tables to the installed version, unless they have it. Raises LocalError.

    ``environment``: as of ``airflow_environment``. A comment on the database names the version of its tables; unlike a
    file it can't outlive them. The migration takes 4–5 s.
    """
    wanted = f"tables of apache-airflow {version('apache-airflow')}"
    with psycopg.connect(database.url("airflow", "airflow"), autocommit=True) as connection:
        # Several commands may run at once; the lock ends with the connection. No analyst can connect to this database.
        connection.execute("SELECT pg_advisory_lock(hashtext('prepare_metadata'))")
        query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        if connection.execute(query).fetchone() == (wanted,):
            return
        migrate_metadata({**clean_environment(os.environ), **environment})
        connection.execute(sql.SQL("COMMENT ON DATABASE airflow IS {}").format(sql.Literal(wanted)))


def migrate_metadata(environment: Mapping[str, str]) -> None:
    """Run Airflow's own migration with ``environment`` as its whole environment. Raises LocalError."""
    migration = subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if migration.returncode:
        raise LocalError(f"Airflow could not make its tables:\n{migration.stdout.strip()}")


def end_abandoned_runs(database: Database) -> None:
    """Set the state of abandoned runs by hand to failed: the scheduler would wait for them for ever.

    The caller holds the lock of the runs (``hold_runs``), so none of them is alive.
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
