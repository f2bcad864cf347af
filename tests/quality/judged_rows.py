"""The results of a suite on a staged load, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
from psycopg import sql

from cchc.local.embedded import Database
from cchc.quality.audit import RuleResult, run_suite
from cchc.warehouse.connection import LOADER, Login
from tests.conftest import COPY_DATABASE, TEMPLATE, run_as_superuser


@contextmanager
def open_warehouse(cluster: Database, name: str) -> Iterator[Login]:
    """The loader's login to a migrated warehouse that is dropped afterwards; suites are slow, so tests share it."""
    run_as_superuser(cluster, COPY_DATABASE, name, TEMPLATE, "cchc_owner")
    yield Login(cluster.host, cluster.port, name, LOADER, cluster.credentials[LOADER])
    run_as_superuser(cluster, "DROP DATABASE {} WITH (FORCE)", name)


def judge(login: Login, load_id: UUID, suite: str) -> tuple[list[RuleResult], dict[int, set[str]]]:
    """The results of a suite on a load, and by row the rules that it breaks."""
    broken: dict[int, set[str]] = {}
    results = run_suite(login.sqlalchemy_url(**{"cchc.load_ids": str(load_id)}), suite)
    with psycopg.connect(login.conninfo()) as connection:
        connection.execute("select set_config('cchc.load_ids', %s, false)", [str(load_id)])
        for result in results:
            if result.unexpected_rows:
                rows = sql.SQL("select row_no from ({}) as broken").format(sql.SQL(result.rows_query))
                for (row_no,) in connection.execute(rows).fetchall():
                    broken.setdefault(row_no, set()).add(result.rule_id)
    return results, broken
