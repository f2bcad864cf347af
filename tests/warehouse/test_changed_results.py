"""ops.changed_result logs every change of mart.indicator_attainment, by any statement, in order."""

from __future__ import annotations

import psycopg

from tests.conftest import Warehouse

RESULT = """
insert into mart.indicator_attainment (
    as_of_date, plan_year, figure_year, indicator_code, variant, agency_code, status, is_stale, quality_flags, run_id,
    computed_at
) values ('2024-06-30', 2024, 2024, 'II.1.b-1', 'primary', %s, 'no_data', false, '{}', %s, now())
"""
CHANGES = "select change, agency_code, run_id from ops.changed_result order by change_id, agency_code"


def test_every_change_is_logged_in_order(warehouse: Warehouse) -> None:
    with psycopg.connect(warehouse.url(), autocommit=True) as connection:
        connection.execute(RESULT, ["H58", "one"])
        connection.execute(RESULT, ["H58.31", "one"])
        connection.execute("update mart.indicator_attainment set status = 'missed', run_id = 'two'")
        connection.execute("delete from mart.indicator_attainment where agency_code = 'H58.31'")
    assert warehouse.query(CHANGES, role="cchc_analyst") == [
        ("inserted", "H58", "one"),
        ("inserted", "H58.31", "one"),
        ("updated", "H58", "two"),
        ("updated", "H58.31", "two"),
        ("deleted", "H58.31", "two"),
    ]


def test_change_that_is_rolled_back_is_not_logged(warehouse: Warehouse) -> None:
    with psycopg.connect(warehouse.url(), autocommit=True) as connection:
        with connection.transaction(force_rollback=True):
            connection.execute(RESULT, ["H58", "one"])
        connection.execute("update mart.indicator_attainment set status = 'missed'")  # of nothing
    assert warehouse.query(CHANGES) == []
