"""make retry between runs: the next run audits a stopped answer again and doesn't ask the source."""

from __future__ import annotations

from datetime import date

import psycopg

from cchc.local.retry import retry_loads
from tests.runs.conftest import PORTAL_WELL, set_portal_clock

DAY = date(2024, 12, 31)
LEDGER = "select load_id, status, stop_rules, error from ops.load where status <> 'published'"
STOPPED = PORTAL_WELL | {"ingest_national_portal": "failed"}


def test_retried_answer_is_audited_again_and_not_asked_for(installation, portal):
    installation.connect_portal(portal.base_url, portal.root_department_id)
    set_portal_clock(portal, DAY)
    portal.set_fault("transparency", "short_list")
    assert installation.run_day(DAY) == STOPPED
    stopped = installation.query(LEDGER)
    portal.clear_faults()

    with psycopg.connect(installation.url, autocommit=True) as connection:
        retry_loads(connection, "national_portal", DAY)
    asked = len(portal.requests())
    assert installation.run_day(DAY) == STOPPED
    assert installation.query(LEDGER) == stopped
    assert len(portal.requests()) == asked

    assert installation.run_day(DAY) == PORTAL_WELL  # without a retry the source is asked anew
    assert len(portal.requests()) == asked + 1
