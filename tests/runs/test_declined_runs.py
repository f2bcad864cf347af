"""A run for an invalid data date: its first task declines it and stores nothing."""

from __future__ import annotations

from datetime import date

import pytest

from tests.runs.conftest import set_portal_clock

DAY, NEVER = date(2024, 12, 31), date(2042, 12, 31)
STORED = ("ops.load", "ops.ingest_run", "ops.attainment_run", "ops.alert", "mart.indicator", "mart.measure")


def count_rows(installation):
    return {table: installation.query(f"select count(*) from {table}")[0][0] for table in STORED}


@pytest.mark.parametrize("day", [NEVER, date(2023, 12, 31)], ids=["a day that isn't over", "a day before any plan"])
def test_declined_run_stores_nothing_asks_nothing_and_notifies_no_one(installation, portal, day):
    installation.connect_portal(portal.base_url, portal.root_department_id)
    installation.connect_inbox()
    states = installation.run_dags(day)
    assert set(states.values()) == {"failed"}
    assert count_rows(installation) == dict.fromkeys(STORED, 0)
    assert portal.requests() == []
    assert not (installation.home / "archive").exists()
    assert not (installation.home / "pages").exists()


def test_declined_run_leaves_the_warehouse_unchanged(installation, portal):
    installation.connect_portal(portal.base_url, portal.root_department_id)
    set_portal_clock(portal, DAY)
    installation.run_day(DAY)
    before, stored = installation.checksum(), count_rows(installation)
    assert set(installation.run_day(NEVER).values()) == {"failed"}
    assert (installation.checksum(), count_rows(installation)) == (before, stored)
    assert installation.query("select max(as_of_date) from mart.attainment_latest") == [(DAY,)]
