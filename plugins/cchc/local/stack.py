"""The service ``init`` of docker-compose.yaml, which prepares the databases for the other services."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path

from psycopg.conninfo import make_conninfo

from cchc.local import LocalError
from cchc.local.airflow_home import ADMIN, migrate_metadata
from cchc.local.warehouse import migrate_warehouse
from cchc.local.warehouse_login import read_login


def prepare_stack(_home: Path) -> int:
    """Migrate the warehouse and Airflow's tables to the installed version, set the admin's password; returns 0.

    All settings come from the environment of the compose file. A repeated call changes only a changed password. Raises
    LocalError.
    """
    warehouse, password = _read_variable("AIRFLOW_CONN_WAREHOUSE"), _read_variable("ADMIN_PASSWORD")
    migrate_warehouse(make_conninfo("", **read_login(warehouse)))
    migrate_metadata(os.environ)
    from cchc.tasks.login import set_administrator  # Airflow reads its tables at its import

    if not set_administrator(ADMIN, password):
        raise LocalError(f"Airflow could not set the password of its user {ADMIN}: see the lines above")
    sys.stdout.write(f"The warehouse and Airflow {version('apache-airflow')} are ready; its user is {ADMIN}.\n")
    return 0


def _read_variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise LocalError(f"{name} is not set: docker-compose.yaml sets it, from .env (docs/install.md)")
    return value
