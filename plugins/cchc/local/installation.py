"""Everything that a night, or the whole Airflow, finds ready: schema, Airflow's tables, environment."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from cchc.local import LocalError
from cchc.local.airflow_home import API_PORT, airflow_environment, prepare_metadata
from cchc.local.embedded import Database
from cchc.local.warehouse_login import read_login
from cchc.warehouse.migrations import MigrationError, migrate


def prepare_installation(home: Path, database: Database, api_port: int = API_PORT) -> dict[str, str]:
    """Bring the warehouse's schema and Airflow's tables up to date; the variables for Airflow's processes.

    Does nothing where nothing is due. Raises LocalError.
    """
    prepare_warehouse(database)
    environment = airflow_environment(home, database, api_port)
    prepare_metadata(database, environment)
    return environment


def prepare_warehouse(database: Database) -> None:
    """Migrate the warehouse that ``AIRFLOW_CONN_WAREHOUSE`` names as its login, else the embedded one as its owner."""
    text = os.environ.get("AIRFLOW_CONN_WAREHOUSE")
    login = make_conninfo(**read_login(text)) if text else database.url("cchc_owner")
    try:
        with psycopg.connect(login) as connection:
            migrate(connection)
    except MigrationError as error:
        raise LocalError(str(error)) from error
