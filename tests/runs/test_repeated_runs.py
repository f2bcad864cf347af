"""Same input, same state: a run twice, days in any order, from the archive with the source switched off."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date

import pytest

from simulator.server import run_simulator
from tests.runs.conftest import PORTAL_WELL, Installation, set_portal_clock

DAYS = (date(2024, 12, 29), date(2024, 12, 30), date(2024, 12, 31))


@pytest.fixture(scope="module")
def after_each(make_installation: Callable[..., Installation]) -> list[Installation]:
    """A copy of an installation after each of DAYS, which are run in their order."""
    straight, copies = make_installation(), []
    with run_simulator(dossiers_per_year=100_000) as portal:
        straight.connect_portal(portal.base_url, portal.root_department_id)
        for day in DAYS:
            set_portal_clock(portal, day)
            assert straight.run_day(day) == PORTAL_WELL
            copies.append(make_installation(straight))
        assert len(portal.requests()) == 6 * len(DAYS)
    return copies


def test_repeated_run_changes_nothing_and_asks_nothing(make_installation, after_each, portal):
    installation = make_installation(after_each[2])
    installation.connect_portal(portal.base_url, portal.root_department_id)
    set_portal_clock(portal, DAYS[2])
    first = installation.checksum()
    written = installation.query("select max(computed_at) from mart.indicator_attainment")
    assert installation.run_dags(DAYS[2]) == PORTAL_WELL
    assert installation.checksum() == first
    assert portal.requests() == []
    assert installation.query("select max(computed_at) from mart.indicator_attainment") == written


def test_days_in_another_order_from_the_archive_alone_end_in_the_same_warehouse(make_installation, after_each):
    straight, shuffled = after_each[2], make_installation()
    shutil.copytree(straight.home / "archive", shuffled.home / "archive")
    shuffled.sources.add("national_portal")
    assert shuffled.run_dags(DAYS[2]) == PORTAL_WELL  # all other runs here are those of their tasks alone
    for day in DAYS[:2]:
        assert shuffled.run_day(day) == PORTAL_WELL
    assert shuffled.checksum() == straight.checksum()
    days = straight.query("select distinct as_of_date, data_date from mart.indicator_attainment where not is_stale")
    assert {day for day, data_date in days if data_date} == set(DAYS)


def test_day_without_a_snapshot_uses_the_one_before_and_is_stale(make_installation, after_each):
    installation = make_installation(after_each[0])
    installation.connect_inbox()  # another source still has a connection
    installation.run_day(DAYS[1])
    results = installation.query(
        "select data_date, is_stale, coverage from mart.indicator_attainment"
        " where as_of_date = %s and agency_code = 'H58' and indicator_code = 'II.1.b-1' and variant = 'primary'",
        DAYS[1],
    )
    assert results == [(DAYS[0], True, 0)]


def test_a_source_that_is_not_configured_is_skipped_and_its_indicators_have_no_data(installation):
    installation.connect_inbox()
    states = installation.run_day(DAYS[2])
    assert states["attainment"] == "success"
    rows = installation.query(
        "select status, count(*) from mart.indicator_attainment where agency_code = 'H58' and variant = 'primary'"
        " group by status"
    )
    assert dict(rows) == {"no_data": 46, "pending": 1}  # the survey of the year isn't published yet


def test_where_no_source_is_configured_no_day_of_no_data_alone_becomes_the_newest(make_installation, after_each):
    installation = make_installation(after_each[1])
    before, alerts = installation.checksum(), installation.query("select alert_id, status from ops.alert order by 1")
    assert installation.run_day(DAYS[2])["attainment"] == "success"
    assert installation.checksum() == before
    assert installation.query("select max(as_of_date) from ops.attainment_run") == [(DAYS[1],)]
    assert installation.query("select alert_id, status from ops.alert order by 1") == alerts
    installation.run_day(DAYS[1])  # what was computed once is computed again, as after a change of the plan
    assert installation.checksum() == before


def test_the_first_days_of_a_month_bring_the_month_that_ended(installation, portal):
    installation.connect_portal(portal.base_url, portal.root_department_id)
    day = date(2024, 9, 3)
    set_portal_clock(portal, day)
    installation.run_day(day)
    months = installation.query("select distinct day, data_date from mart.measure where period = 'month'")
    assert months == [(date(2024, 8, 31), day)]
    assert installation.query("select count(*) from mart.indicator_attainment where value is not null")[0][0] > 200
