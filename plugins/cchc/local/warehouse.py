"""The warehouse of an installation, ready for use: the embedded one, or the one of the connection ``warehouse``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from cchc.local import LocalError
from cchc.local.airflow_home import airflow_environment, prepare_metadata
from cchc.local.embedded import Database, open_database
from cchc.local.warehouse_login import read_login
from cchc.warehouse.migrations import MigrationError, migrate


@contextmanager
def open_installation(home: Path) -> Iterator[Database]:
    """Database, schema and Airflow's metadata of ``home``, with this process's environment set for Airflow."""
    with open_database(home) as database:
        prepare_warehouse(database)
        environment = airflow_environment(home, database)
        prepare_metadata(database, environment)
        os.environ.update(environment)
        yield database


def prepare_warehouse(database: Database) -> None:
    """Apply the migrations that the warehouse lacks, as the one who owns it. Raises LocalError."""
    outside = os.environ.get("AIRFLOW_CONN_WAREHOUSE")
    owner = make_conninfo("", **read_login(outside)) if outside else database.url("cchc_owner")
    try:
        with psycopg.connect(owner) as connection:
            migrate(connection)
    except (MigrationError, psycopg.OperationalError) as error:
        raise LocalError(f"the warehouse can't be prepared: {error}") from error
