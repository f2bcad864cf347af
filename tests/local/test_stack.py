"""The databases after ``init`` of docker-compose.yaml, and docker/warehouse.sql before it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import psycopg
import pytest
from werkzeug.security import check_password_hash

from cchc.local.embedded import MAJOR, Database, open_database
from cchc.local.programs import ENVIRONMENT, find_programs
from cchc.settings import CHECKOUT
from tests.compose.compose_file import read_compose
from tests.conftest import open_folder

PASSWORD = "a-b_c="


@pytest.fixture
def server() -> Iterator[Database]:
    """An embedded server without a warehouse, in whose place docker/warehouse.sql makes one."""
    with open_folder() as home, open_database(home) as database:
        with psycopg.connect(database.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute("drop database cchc")
            for role in ("cchc_owner", "cchc_loader", "cchc_analyst"):
                connection.execute(f"drop role {role}".encode())
        psql = [str(find_programs(MAJOR) / "psql"), "--no-psqlrc", "--set=ON_ERROR_STOP=1"]
        psql += [f"--file={CHECKOUT / 'docker' / 'warehouse.sql'}", database.url("postgres", "postgres")]
        subprocess.run(psql, env={**ENVIRONMENT, "WAREHOUSE_PASSWORD": PASSWORD}, check=True)
        yield database


@pytest.fixture
def variables(server: Database, tmp_path: Path) -> dict[str, str]:
    """The environment of ``init``."""
    login = {"conn_type": "postgres", "host": server.host, "port": server.port, "schema": "cchc", "login": "cchc_app"}
    metadata = server.url("airflow", "airflow").replace("postgresql:", "postgresql+psycopg:", 1)
    environment = read_compose()["services"]["init"]["environment"]
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "CCHC"))}
    return ours | {
        "AIRFLOW_CONN_WAREHOUSE": json.dumps({**login, "password": PASSWORD}),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": metadata,
        "AIRFLOW__CORE__DAGS_FOLDER": str(CHECKOUT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__AUTH_MANAGER": environment["AIRFLOW__CORE__AUTH_MANAGER"],
        "AIRFLOW__LOGGING__LOGGING_LEVEL": environment["AIRFLOW__LOGGING__LOGGING_LEVEL"],
        "AIRFLOW_HOME": str(tmp_path),
        "ADMIN_PASSWORD": "first",
        "PYTHONPATH": str(CHECKOUT / "plugins"),
    }


def prepare(variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cchc.local", "prepare"]
    return subprocess.run(command, env=variables, cwd=CHECKOUT, capture_output=True, text=True, check=False)


def test_databases_are_ready_and_a_changed_password_counts(server: Database, variables: dict[str, str]) -> None:
    for password in ("first", "second"):
        result = prepare({**variables, "ADMIN_PASSWORD": password})
        assert result.returncode == 0
        assert result.stdout == f"The warehouse and Airflow {version('apache-airflow')} are ready; its user is admin.\n"
    app = {"user": "cchc_app", "password": PASSWORD, "host": server.host, "port": server.port, "dbname": "cchc"}
    with psycopg.connect(**app, options="-c role=cchc_loader") as connection:
        assert connection.execute("select count(*) from mart.indicator_attainment").fetchone() == (0,)
        connection.execute("create temporary table wanted (name text)")
        connection.execute("set role cchc_analyst")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from mart.indicator_attainment")
        connection.rollback()
        rights = (
            "select has_database_privilege('cchc_analyst', 'cchc', 'temporary'),"
            " has_function_privilege('cchc_analyst', 'pg_advisory_lock(bigint)', 'execute'),"
            " has_function_privilege('cchc_analyst', 'lo_create(oid)', 'execute')"
        )
        assert connection.execute(rights).fetchone() == (False, False, False)
    with psycopg.connect(server.url("airflow", "airflow")) as connection:
        users = connection.execute(
            "select username, role.name, password from ab_user as u"
            " join ab_user_role as held on held.user_id = u.id join ab_role as role on role.id = held.role_id"
        ).fetchall()
    assert [user[:2] for user in users] == [("admin", "Admin")]
    assert check_password_hash(users[0][2], "second")


@pytest.mark.parametrize("name", ["AIRFLOW_CONN_WAREHOUSE", "ADMIN_PASSWORD"])
def test_missing_variable_is_named(variables: dict[str, str], name: str) -> None:
    result = prepare({**variables, name: ""})
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith(f"{name} is not set")
