"""Rights of the roles: analysts read, the loader writes rows, only the owner changes the schema."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from tests.conftest import Warehouse

TABLES = """
select table_schema || '.' || table_name, table_type = 'BASE TABLE' from information_schema.tables
where table_schema in ('staging', 'core', 'mart', 'ops') order by 1
"""
READABLE_OPS = [
    "ops.load", "ops.expectation_result", "ops.ingest_run", "ops.dirty_date", "ops.alert", "ops.alert_step",
    "ops.changed_result", "ops.alert_state", "ops.attainment_run",
]  # fmt: skip


def do(warehouse: Warehouse, role: str, statement: str) -> None:
    """Run a statement as ``role``, without the read-only default that protects an analyst from slips."""
    with psycopg.connect(warehouse.url(role)) as connection:
        connection.execute("set default_transaction_read_only = off")
        connection.commit()
        connection.execute(statement.encode())


def test_analyst_reads_core_mart_and_the_ledgers(warehouse: Warehouse) -> None:
    tables = [name for name, _ in warehouse.query(TABLES) if name.startswith(("core.", "mart."))]
    assert {"core.agency", "mart.indicator_attainment", "mart.attainment_latest"} <= set(tables)
    for table in [*tables, *READABLE_OPS]:
        warehouse.query(f"select * from {table}", role="cchc_analyst")


def test_analyst_reads_the_quarantine_but_no_payload(warehouse: Warehouse) -> None:
    warehouse.query(
        "select load_id, row_no, source, entity, row_key, rules, first_seen_at, last_seen_at, resolved_at,"
        " resolved_by_load_id, cells from ops.quarantine",
        role="cchc_analyst",
    )
    for columns in ("payload", "*", "payload ->> 'department_name'"):
        with pytest.raises(InsufficientPrivilege):
            warehouse.query(f"select {columns} from ops.quarantine", role="cchc_analyst")
    with pytest.raises(InsufficientPrivilege):
        warehouse.query("select 1 from ops.quarantine where payload ? 'x'", role="cchc_analyst")


def test_analyst_neither_reads_notifications_nor_answers_alerts(warehouse: Warehouse) -> None:
    someone = "gen_random_uuid(), 'someone', 'because'"
    for statement in (
        "select * from ops.notification",
        "select * from ops.message",
        f"select ops.acknowledge_alert({someone})",
        f"select ops.snooze_alert({someone}, '2024-07-01')",
    ):
        with pytest.raises(InsufficientPrivilege):
            do(warehouse, "cchc_analyst", statement)


def test_analyst_reads_every_alert_but_those_that_name_recipients(warehouse: Warehouse) -> None:
    with psycopg.connect(warehouse.url(), autocommit=True) as connection:
        for kind in ("missed", "undelivered"):
            connection.execute(
                "with opened as (insert into ops.alert (alert_id, kind, severity, audience, status, province_code,"
                " subject, began_on, as_of_date, is_notified, facts, opened_at)"
                " values (gen_random_uuid(), %s, 'warning',"
                " 'operators', 'open', 'H58', 'so-noi-vu', '2024-06-30', '2024-06-30', true, '{}', now())"
                " returning alert_id)"
                " insert into ops.alert_step (alert_id, step, noted_at) select alert_id, 'opened', now() from opened",
                [kind],
            )
    assert warehouse.query("select kind from ops.alert", role="cchc_analyst") == [("missed",)]
    assert warehouse.query("select count(*) from ops.alert_step", role="cchc_analyst") == [(1,)]
    assert warehouse.query("select count(*) from ops.alert", role="cchc_loader") == [(2,)]


def test_analyst_writes_nothing_and_reads_no_staging(warehouse: Warehouse) -> None:
    for table, is_base in warehouse.query(TABLES):
        writes = (f"insert into {table} default values", f"delete from {table}", f"truncate {table}")
        for statement in writes if is_base else ():
            with pytest.raises(InsufficientPrivilege):
                do(warehouse, "cchc_analyst", statement)
        if table.startswith("staging."):
            with pytest.raises(InsufficientPrivilege):
                warehouse.query(f"select * from {table}", role="cchc_analyst")


@pytest.mark.parametrize("role", ["cchc_loader", "cchc_analyst"])
def test_only_the_owner_changes_the_schema(warehouse: Warehouse, role: str) -> None:
    for statement in (
        *(f"create table {schema}.mine (id int)" for schema in ("staging", "core", "mart", "ops", "public")),
        "create schema mine",
        "drop table core.portal_statistic",
        "drop view core.agency",
        "truncate core.portal_statistic",
        "alter table ops.load add column mine int",
        "create or replace view core.agency as select 1 as one",
        "set role cchc_owner",
        "create role mine",
    ):
        with pytest.raises(InsufficientPrivilege):
            do(warehouse, role, statement)
