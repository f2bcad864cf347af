"""The warehouse of an installation, ready for use: the embedded one, or the one of the connection ``warehouse``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cchc.local import LocalError
from cchc.local.airflow_home import airflow_environment, prepare_metadata
from cchc.local.embedded import Database, open_database
from cchc.local.environment import is_service
from cchc.local.warehouse_login import read_login
from cchc.warehouse.connection import LOADER
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


@contextmanager
def open_airflow(home: Path) -> Iterator[None]:
    """This process's environment set for Airflow; that of a service of docker-compose.yaml is so already."""
    if is_service():
        yield
        return
    with open_installation(home):
        yield


@contextmanager
def connect_as_loader(home: Path) -> Iterator[psycopg.Connection]:
    """The migrated warehouse, the connection's or the embedded one; autocommit. Airflow isn't imported (4–5 s)."""
    with ExitStack() as opened:
        if outside := os.environ.get("AIRFLOW_CONN_WAREHOUSE"):
            login = read_login(outside)
            migrate_warehouse(make_conninfo("", **login))
        else:
            database = opened.enter_context(open_database(home))
            prepare_warehouse(database)
            login = {keyword: str(value) for keyword, value in conninfo_to_dict(database.url(LOADER)).items()}
        login |= {"options": f"{login.get('options', '')} -c role={LOADER}".strip()}
        yield opened.enter_context(psycopg.connect(make_conninfo("", **login), autocommit=True))


def prepare_warehouse(database: Database) -> None:
    """Apply the migrations that the warehouse lacks, as the one who owns it. Raises LocalError."""
    outside = os.environ.get("AIRFLOW_CONN_WAREHOUSE")
    migrate_warehouse(make_conninfo("", **read_login(outside)) if outside else database.url("cchc_owner"))


def migrate_warehouse(owner: str) -> None:
    """Apply the migrations that a warehouse lacks; ``owner``: the libpq connection of the one who owns it.

    Raises LocalError.
    """
    try:
        with psycopg.connect(owner) as connection:
            migrate(connection)
    except (MigrationError, psycopg.OperationalError) as error:
        raise LocalError(f"the warehouse can't be prepared: {error}") from error
