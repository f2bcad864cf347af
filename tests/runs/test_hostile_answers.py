"""A faulty portal through whole runs: each rejected answer is rejected by name, the rest is published."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from simulator.server import run_simulator
from tests.runs.conftest import PORTAL_WELL, Installation, set_portal_clock

DAY = date(2024, 12, 31)
YESTERDAY = date(2024, 12, 30)
ENDPOINTS = {
    "dossier-digitized",
    "dvc-progress-tree",
    "provide-online-tree",
    "formality-online-payment-tree",
    "handling-satisfaction",
    "transparency",
}

# endpoint -> fault, the ledger's status, the rules that stopped the load, a rule of the rows in quarantine
FIRST_RUN = {
    "dossier-digitized": ("html_200", "failed", [], None),
    "dvc-progress-tree": ("cut_body", "stopped", ["not_json"], None),
    "formality-online-payment-tree": ("null_number", "published", [], "required_value_missing"),
    "handling-satisfaction": ("short_list", "stopped", ["incomplete_list"], "load_stopped:incomplete_list"),
    "transparency": ("latin1", "stopped", ["wrong_encoding"], None),
}
SECOND_RUN = {
    "dossier-digitized": ("negative_count", "published", [], "negative_count"),
    "dvc-progress-tree": ("huge_count", "published", [], "count_too_large"),
    "formality-online-payment-tree": ("wrong_envelope_code", "stopped", ["wrong_envelope_code"], None),
    "handling-satisfaction": ("unknown_field", "published", [], None),
    "transparency": ("repeated_page", "stopped", ["incomplete_list", "repeated_page"], "load_stopped:repeated_page"),
}
THIRD_RUN = {
    "dossier-digitized": ("missing_field", "stopped", ["required_field_gone"], "load_stopped:required_field_gone"),
    "dvc-progress-tree": ("wrong_root", "stopped", ["wrong_root"], "load_stopped:wrong_root"),
    "handling-satisfaction": ("numerator_over_denominator", "published", [], None),
}


@pytest.fixture(scope="module")
def after_yesterday(make_installation: Callable[..., Installation]) -> Installation:
    """An installation after a good run of YESTERDAY."""
    installation = make_installation()
    with run_simulator(dossiers_per_year=100_000) as simulator:
        run(installation, simulator, YESTERDAY)
    return installation


def run(installation, portal, day, run_by=Installation.run_day, **extra):
    """Run ``day`` on the portal with its faults; ``extra``: of its connection."""
    installation.connect_portal(portal.base_url, portal.root_department_id, **extra)
    set_portal_clock(portal, day)
    return run_by(installation, day)


def list_published(installation, day):
    rows = installation.query("select entity from ops.load where status = 'published' and data_date = %s", day)
    return {entity for (entity,) in rows}


@pytest.mark.parametrize("faults", [FIRST_RUN, SECOND_RUN, THIRD_RUN], ids=["first", "second", "third"])
def test_each_bad_answer_is_rejected_by_name_and_the_rest_is_published(installation, portal, faults):
    for endpoint, (kind, *_) in faults.items():
        portal.set_fault(endpoint, kind)
    assert run(installation, portal, DAY)["attainment"] == "success"
    loads = {
        entity: (status, stop_rules, error)
        for entity, status, stop_rules, error in installation.query(
            "select entity, status, stop_rules, error from ops.load"
        )
    }
    for endpoint, (kind, status, stop_rules, rule) in faults.items():
        assert loads[endpoint][:2] == (status, stop_rules), kind
        if status != "published":
            assert f"/evaluation/{endpoint} " in loads[endpoint][2]
        quarantined = installation.query(
            "select count(*) from ops.quarantine where entity = %s and %s = any(rules)", endpoint, rule or ""
        )
        assert (quarantined[0][0] > 0) is (rule is not None), kind
    assert all(loads[endpoint][0] == "published" for endpoint in ENDPOINTS - faults.keys())
    stopped = [endpoint for endpoint, (_, status, *_) in faults.items() if status != "published"]
    assert installation.query("select count(*) from core.portal_statistic where entity = any(%s)", stopped) == [(0,)]
    unaccounted = "select count(*) from ops.load where accepted_rows + quarantined_rows <> received_rows"
    assert installation.query(unaccounted) == [(0,)]
    assert not installation.query("select 1 from mart.measure where value < 0 or value > 1000000000")


def test_unknown_field_and_share_over_100_are_flagged_on_the_result(installation, portal):
    portal.set_fault("dossier-digitized", "unknown_field", where="root")
    portal.set_fault("handling-satisfaction", "numerator_over_denominator", where="root")
    assert set(run(installation, portal, DAY).values()) == {"success"}
    results = {
        code: (status, flags)
        for code, status, flags in installation.query(
            "select indicator_code, status, quality_flags from mart.indicator_attainment"
            " where agency_code = 'H58' and variant = 'primary'"
        )
    }
    assert "unknown_field" in results["II.1.a-2"][1]
    assert results["II.1.dd-1"][0] == "invalid"
    assert "numerator_over_denominator" in results["II.1.dd-1"][1]


UNUSED = {
    "dossier-digitized":
        "SYNCED_WITH_DVCQG_PERSONAL_STORAGE,CITIZEN_DATA_CONNECTED_DOSSIER,CITIZEN_DATA_CONNECTED_FORMALITY",
    "handling-satisfaction":
        "PETITION_CLASSIFICATION_TTHC,PETITION_HANDLING_SATISFACTION,PETITION_CLASSIFICATION_STAFF",
    "provide-online-tree": "fullCount,authorityCount",
    "transparency": "PUBLIC_CONTENT_FULL,DOSSIER_SYNC",
}  # fmt: skip


def test_missing_metrics_stop_a_load_only_where_an_indicator_uses_them(installation, portal):
    for endpoint, metrics in UNUSED.items():
        portal.set_fault(endpoint, "missing_metrics", field=metrics)
    assert run(installation, portal, DAY)["attainment"] == "success"
    assert list_published(installation, DAY) == ENDPOINTS - {"transparency"}
    assert installation.query("select entity, stop_rules from ops.load where status = 'stopped'") == [
        ("transparency", ["required_field_gone"])
    ]
    valued = installation.query(
        "select indicator_code from mart.indicator_attainment where agency_code = 'H58' and variant = 'primary'"
        " and value is not null and as_of_date = %s order by indicator_code",
        DAY,
    )
    assert [code for (code,) in valued] == [
        "II.1.a-2", "II.1.b-1", "II.1.c-1", "II.1.c-2", "II.1.d-2", "II.1.d-3a", "II.1.d-6", "II.1.dd-1",
    ]  # fmt: skip
    page = next((installation.home / "pages").rglob("national_portal.html")).read_text(encoding="utf-8")
    assert "unused_field_gone" in page


@pytest.mark.parametrize(
    ("fault", "asked", "run_by"),
    [
        ({"kind": "unauthorized"}, 1, Installation.run_day),
        ({"kind": "forbidden"}, 1, Installation.run_dags),  # Airflow tries neither kind of failure again
        ({"kind": "firewall_page"}, 1, Installation.run_day),
        ({"kind": "server_error"}, 4, Installation.run_dags),
        ({"kind": "timeout", "seconds": 3}, 4, Installation.run_day),
        ({"kind": "dropped_connection"}, 4, Installation.run_day),
    ],
    ids=["unauthorized", "forbidden", "firewall page", "server error", "timeout", "dropped connection"],
)
def test_source_that_refuses_or_fails_is_asked_no_more_and_earlier_results_are_stale(
    make_installation, after_yesterday, portal, fault, asked, run_by
):
    installation = make_installation(after_yesterday)
    before = len(portal.requests())
    portal.set_fault("*", **fault)
    states = run(installation, portal, DAY, run_by, read_timeout_seconds=1)
    assert states == {**PORTAL_WELL, "ingest_national_portal": "failed"}
    assert len(portal.requests()) - before == asked
    assert list_published(installation, DAY) == set()
    errors = installation.query("select error from ops.load where status = 'failed'")
    assert len(errors) == len(ENDPOINTS)
    assert sum("not asked" in error for (error,) in errors) == len(ENDPOINTS) - 1
    freshness = installation.query(
        "select distinct data_date, is_stale from mart.indicator_attainment"
        " where as_of_date = %s and value is not null",
        DAY,
    )
    assert freshness == [(YESTERDAY, True)]


def test_rate_limited_fetch_waits_and_then_gets_every_window(installation, portal):
    portal.set_fault("*", "rate_limited", times=2, seconds=1)
    assert set(run(installation, portal, DAY).values()) == {"success"}
    assert list_published(installation, DAY) == ENDPOINTS
    limited = [request for request in portal.requests() if request["status"] == 429]
    assert len(limited) == 2
    following = portal.requests()[portal.requests().index(limited[0]) + 1]
    assert following["received_s"] - limited[0]["answered_s"] >= 1
    assert max(request["in_flight"] for request in portal.requests()) == 0  # one request at a time


def test_window_archived_before_a_refusal_is_published(installation, portal):
    portal.set_fault("transparency", "forbidden")
    run(installation, portal, DAY)
    published = list_published(installation, DAY)
    asked = {request["endpoint"] for request in portal.requests()}
    assert published == asked - {"transparency"}
    portal.clear_faults()
    assert run(installation, portal, DAY)["ingest_national_portal"] == "success"
    assert list_published(installation, DAY) == ENDPOINTS


# Great Expectations itself lists at most 200 rows; tests/warehouse/test_large_loads.py tries thousands.
def test_more_bad_rows_than_great_expectations_lists_are_all_in_quarantine(installation, portal):
    portal.set_fault("dossier-digitized", "many_bad_rows", n=210, good=525)
    assert set(run(installation, portal, DAY, read_timeout_seconds=30).values()) == {"success"}
    rules = installation.query("select rules, count(*) from ops.quarantine group by rules")
    assert rules == [(["negative_count"], 210)]
    received = installation.query(
        "select received_rows, accepted_rows + quarantined_rows, quarantined_rows from ops.load"
        " where entity = 'dossier-digitized'"
    )
    assert received[0][0] == received[0][1]
    assert received[0][2] == 210
