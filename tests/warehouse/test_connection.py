"""Connections to the warehouse: only their own settings count."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from cchc.warehouse.connection import ANALYST, Login, connect
from tests.conftest import Warehouse, run_as_superuser
from tests.libpq import LIBPQ_VARIABLES
from tests.warehouse.pipeline import Pipeline, answer

PROGRESS = "dvc-progress-tree"


def test_variables_of_libpq_leave_a_publish_unchanged(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    load = pipeline.keep(PROGRESS, answer(PROGRESS))
    for name in LIBPQ_VARIABLES:
        monkeypatch.setenv(name, "nonsense")
    monkeypatch.setenv("PGDATESTYLE", "German")
    monkeypatch.setenv("PGTZ", "America/New_York")
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    monkeypatch.setenv("PGOPTIONS", "-c statement_timeout=1")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".pgpass").write_text("*:*:*:*:wrong\n")
    outcome = pipeline.publish(pipeline.prepare(load))
    assert (outcome.status, outcome.quarantined) == ("published", 0)
    assert [name for name in os.environ if name.startswith("PG")] == ["PGPASSFILE"]
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):  # ~/.pgpass is not read
        psycopg.connect(pipeline.login.conninfo(), password="")


def test_session_has_its_own_settings_whatever_the_defaults_of_the_server(warehouse: Warehouse) -> None:
    for setting in ("timezone = 'America/New_York'", "datestyle = 'German'"):
        run_as_superuser(warehouse.server, f"ALTER DATABASE {{}} SET {setting}", warehouse.database)
    server = warehouse.server
    login = Login(server.host, server.port, warehouse.database, "cchc_loader", server.credentials["cchc_loader"])
    with connect(login) as connection:
        shown = connection.execute("select current_setting('timezone'), date '2024-06-30'::text").fetchone()
    assert shown == ("UTC", "2024-06-30")


def test_login_keeps_the_options_of_the_connection() -> None:
    login = Login("db", 5432, "cchc", "cchc_app", "secret", {"options": "-c work_mem=8MB", "sslmode": "require"})
    keywords = conninfo_to_dict(login.conninfo(ANALYST))
    assert keywords["options"] == "-c work_mem=8MB -c role=cchc_analyst -c timezone=UTC -c datestyle=ISO"
    assert keywords["sslmode"] == "require"
    assert login.sqlalchemy_url(ANALYST).query["options"] == keywords["options"]
