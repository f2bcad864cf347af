"""The warehouse of an installation, migrated: the embedded one, or the one of the connection ``warehouse``."""

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
    """The database of ``home`` with the schemas of warehouse and Airflow; sets the environment of Airflow."""
    with open_database(home) as database:
        prepare_warehouse(database)
        environment = airflow_environment(home, database)
        prepare_metadata(database, environment)
        os.environ.update(environment)
        yield database


@contextmanager
def open_airflow(home: Path) -> Iterator[None]:
    """Set this process's environment for Airflow; a service of docker-compose.yaml has it already."""
    if is_service():
        yield
        return
    with open_installation(home):
        yield


@contextmanager
def connect_as_loader(home: Path) -> Iterator[psycopg.Connection]:
    """A connection to the migrated warehouse as the loader, autocommit. Doesn't import Airflow, which takes 4–5 s."""
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
    """Apply the migrations that the warehouse of ``database`` or of the connection lacks. Raises LocalError."""
    outside = os.environ.get("AIRFLOW_CONN_WAREHOUSE")
    migrate_warehouse(make_conninfo("", **read_login(outside)) if outside else database.url("cchc_owner"))


def migrate_warehouse(owner: str) -> None:
    """Apply the migrations that a warehouse lacks; ``owner``: the libpq connection of its owner. Raises LocalError."""
    try:
        with psycopg.connect(owner) as connection:
            migrate(connection)
    except (MigrationError, psycopg.OperationalError) as error:
        raise LocalError(f"the warehouse can't be prepared: {error}") from error
