"""Same input, same state: a run twice, days in any order, from the archive with the source switched off."""

from __future__ import annotations

import shutil
from datetime import date

from tests.runs.conftest import PORTAL_WELL, set_portal_clock

DAYS = (date(2024, 12, 29), date(2024, 12, 30), date(2024, 12, 31))


def test_repeated_run_changes_nothing_and_asks_nothing(installation, portal):
    installation.connect_portal(portal.base_url, portal.root_department_id)
    set_portal_clock(portal, DAYS[2])
    installation.run_day(DAYS[2])
    first, asked = installation.checksum(), len(portal.requests())
    assert asked == 6
    written = installation.query("select max(computed_at) from mart.indicator_attainment")
    assert installation.run_day(DAYS[2]) == PORTAL_WELL
    assert installation.checksum() == first
    assert len(portal.requests()) == asked
    assert installation.query("select max(computed_at) from mart.indicator_attainment") == written


def test_days_in_another_order_from_the_archive_alone_end_in_the_same_warehouse(make_installation, portal):
    straight, shuffled = make_installation(), make_installation()
    straight.connect_portal(portal.base_url, portal.root_department_id)
    for day in DAYS:
        set_portal_clock(portal, day)
        straight.run_day(day)
    shutil.copytree(straight.home / "archive", shuffled.home / "archive")
    shuffled.sources.add("national_portal")
    for day in (DAYS[2], DAYS[0], DAYS[1]):
        assert shuffled.run_day(day) == PORTAL_WELL
    assert shuffled.checksum() == straight.checksum()
    days = straight.query("select distinct as_of_date, data_date from mart.indicator_attainment where not is_stale")
    assert {day for day, data_date in days if data_date} == set(DAYS)


def test_day_without_a_snapshot_uses_the_one_before_and_is_stale(installation, portal):
    installation.connect_portal(portal.base_url, portal.root_department_id)
    set_portal_clock(portal, DAYS[0])
    installation.run_day(DAYS[0])
    installation.disconnect_portal()
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


def test_where_no_source_is_configured_no_day_of_no_data_alone_becomes_the_newest(installation, portal):
    installation.connect_portal(portal.base_url, portal.root_department_id)
    set_portal_clock(portal, DAYS[1])
    installation.run_day(DAYS[1])
    installation.disconnect_portal()
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
