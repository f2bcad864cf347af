"""publish: one transaction, all of it or nothing; every row is accepted or quarantined, in any order, however often."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cchc.local.checksum import compute_checksum
from cchc.sources.errors import SourceRefusedError
from cchc.sources.load import Load
from cchc.warehouse.ledger import read_status, record_failure
from cchc.warehouse.publish import NotAuditedError, publish
from simulator.faults import entries_of, root_of
from simulator.wire import WRITERS, Payload
from tests.warehouse.pipeline import CORE, DAY, RUN, Pipeline, answer, choose_window

PROGRESS = "dvc-progress-tree"
DIGITIZED = "dossier-digitized"

LEDGER = """
select status, received_rows, accepted_rows, quarantined_rows, changed_rows, stop_rules, error is null, source, entity,
    window_start, window_end, data_date, content_sha256, archive_uri, run_id
from ops.load where load_id = %s
"""
# Tables that a publish writes, in this order.
WRITTEN = ("ops.load", "ops.quarantine", "core.portal_department", "core.portal_statistic", "ops.dirty_date")

# Kills the session that writes to a table, as a crash of the process would.
ASSASSIN = """
create function core.kill() returns trigger language plpgsql as $$ begin
    perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
create trigger assassin before insert or update or delete on {table} for each statement execute function core.kill();
"""


def spoil_entries(payload: Payload, count: int, value: Any = -1) -> Payload:
    """``payload`` of the progress tree with the same count in its first entries."""
    for node in entries_of(payload)[:count]:
        node["totalOnTime"] = value
    return payload


def test_published_load_is_in_core_and_in_the_ledger(pipeline: Pipeline) -> None:
    load = pipeline.prepare(pipeline.keep(DIGITIZED, answer(DIGITIZED)))
    outcome = pipeline.publish(load)
    assert (outcome.status, outcome.received, outcome.accepted, outcome.quarantined) == ("published", 1407, 1407, 0)
    assert pipeline.query(LEDGER, [load.load_id]) == [
        (
            "published", 1407, 1407, 0, 1407 + 201, [], True, "national_portal", DIGITIZED, date(2024, 1, 1), DAY, DAY,
            load.capture.content_sha256, load.capture.folder.as_uri(), RUN,
        )
    ]  # fmt: skip
    assert pipeline.count("core.portal_statistic") == 1407
    assert pipeline.count("core.portal_department") == 201
    assert pipeline.query("select data_date, source from ops.dirty_date") == [(DAY, "national_portal")]
    for table in ("national_portal_response", "national_portal_statistic", "rule_violation"):
        assert pipeline.count(f"staging.{table}") == 0


def test_core_has_the_values_of_the_answer(pipeline: Pipeline) -> None:
    payload = answer(PROGRESS)
    pipeline.run(PROGRESS, payload)
    rows = pipeline.query("select department_id, is_root, numerator, denominator, ratio from core.portal_statistic")
    assert {(row[0], row[1]): row[2:] for row in rows} == {
        (node["departmentId"], is_root): (node["totalOnTime"], node["totalReceived"], Decimal(str(node["ratio"])))
        for is_root, nodes in ((True, [root_of(payload)]), (False, entries_of(payload)))
        for node in nodes
    }


def test_publish_again_changes_no_row(pipeline: Pipeline) -> None:
    body = spoil_entries(answer(PROGRESS), 3)
    pipeline.run(PROGRESS, body)
    # Every version of every row, to the transaction that wrote it.
    versions = {table: pipeline.query(f"select xmin::text, t::text from {table} as t order by 2") for table in WRITTEN}
    outcome = pipeline.run(PROGRESS, body)
    assert (outcome.status, outcome.changed) == ("published", 0)
    for table, rows in versions.items():
        assert pipeline.query(f"select xmin::text, t::text from {table} as t order by 2") == rows


def test_two_publishes_at_once_publish_once(pipeline: Pipeline) -> None:
    load = pipeline.prepare(pipeline.keep(PROGRESS, answer(PROGRESS)))
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(pipeline.publish, [load, load]))
    assert sorted(outcome.received for outcome in outcomes) == [0, 201]
    assert pipeline.count("ops.dirty_date") == 1


def test_kill_before_the_end_leaves_nothing_and_the_next_publish_ends_as_without_it(
    pipeline: Pipeline,
) -> None:
    load = pipeline.prepare(pipeline.keep(PROGRESS, spoil_entries(answer(PROGRESS), 3)))
    for table in (*WRITTEN, "staging.rule_violation"):
        pipeline.execute(ASSASSIN.format(table=table))
        with pytest.raises(psycopg.OperationalError):
            pipeline.publish(load)
        pipeline.execute("drop function core.kill() cascade")
        assert {name: pipeline.count(name) for name in WRITTEN} == dict.fromkeys(WRITTEN, 0), f"killed at {table}"
    assert pipeline.publish(load).status == "published"
    disturbed = pipeline.checksum()
    pipeline.execute("truncate ops.load, core.portal_department, core.portal_statistic, ops.quarantine cascade")
    pipeline.publish(pipeline.prepare(load))
    assert pipeline.checksum() == disturbed
    assert disturbed["portal_statistic"][0] == 198


def test_load_without_audit_is_not_published(pipeline: Pipeline) -> None:
    load = pipeline.keep(PROGRESS, answer(PROGRESS))
    pipeline.stage(load)
    with pytest.raises(NotAuditedError):
        pipeline.publish(load)
    assert pipeline.count("ops.load") == 0


def test_crash_that_empties_staging_after_the_audit_publishes_nothing(pipeline: Pipeline) -> None:
    load = pipeline.prepare(pipeline.keep(PROGRESS, answer(PROGRESS)))
    # PostgreSQL does so with unlogged tables when it starts after a crash.
    pipeline.execute(
        "truncate staging.national_portal_response, staging.national_portal_statistic, staging.rule_violation"
    )
    with pytest.raises(NotAuditedError):
        pipeline.publish(load)
    assert {name: pipeline.count(name) for name in WRITTEN} == dict.fromkeys(WRITTEN, 0)
    assert pipeline.publish(pipeline.prepare(load)).accepted == 201


def test_stopped_load_changes_nothing_in_core_and_all_of_it_is_in_quarantine(pipeline: Pipeline) -> None:
    pipeline.run(PROGRESS, answer(PROGRESS, DAY - timedelta(days=1)), DAY - timedelta(days=1))
    before = pipeline.checksum()
    load = pipeline.prepare(pipeline.keep(DIGITIZED, answer(DIGITIZED, kind="short_list", n=5)))
    outcome = pipeline.publish(load)
    received = 1407 - 5 * 7
    assert (outcome.status, outcome.accepted, outcome.quarantined) == ("stopped", 0, received)
    assert outcome.stop_rules == ("incomplete_list",)
    assert load.capture.pages[0].url in (outcome.error or "")
    assert pipeline.checksum() == before
    assert pipeline.query(LEDGER, [load.load_id])[0][:6] == ("stopped", received, 0, received, 0, ["incomplete_list"])
    assert pipeline.query("select rules, count(*) from ops.quarantine group by rules") == [
        (["load_stopped:incomplete_list"], received)
    ]
    assert pipeline.query("select data_date from ops.dirty_date") == [(DAY - timedelta(days=1),)]


def test_stopped_load_is_audited_again_when_it_comes_again(pipeline: Pipeline) -> None:
    body = answer(DIGITIZED, kind="short_list")
    first_seen = None
    for _ in range(2):
        assert pipeline.run(DIGITIZED, body).status == "stopped"
        seen = pipeline.query("select min(first_seen_at), count(*) from ops.quarantine")
        assert seen == (first_seen or seen)
        first_seen = seen


@pytest.mark.parametrize(("bad", "status"), [(10, "published"), (11, "stopped")])
def test_more_than_one_rejected_row_in_twenty_stops_the_load(pipeline: Pipeline, bad: int, status: str) -> None:
    payload = answer(PROGRESS)
    del entries_of(payload)[199:]  # 200 rows with the root's
    outcome = pipeline.run(PROGRESS, spoil_entries(payload, bad))
    assert (outcome.status, outcome.received) == (status, 200)
    assert outcome.quarantined == (bad if status == "published" else 200)
    assert outcome.stop_rules == (() if status == "published" else ("too_many_rejected",))


def test_accepted_row_of_the_same_day_resolves_quarantined_rows(pipeline: Pipeline) -> None:
    payload = answer(PROGRESS)
    pipeline.run(PROGRESS, spoil_entries(deepcopy(payload), 3))
    later = pipeline.prepare(pipeline.keep(PROGRESS, spoil_entries(payload, 1)))
    assert pipeline.publish(later).quarantined == 1
    rows = pipeline.query(
        "select resolved_by_load_id, resolved_at is not null, count(*) from ops.quarantine group by 1, 2 order by 1, 2"
    )
    assert rows == [(later.load_id, True, 2), (None, False, 2)]


@pytest.mark.parametrize(
    ("day", "month", "endpoint"),
    [
        (date(2024, 2, 6), None, PROGRESS),
        (date(2024, 2, 5), 1, PROGRESS),
        (date(2024, 2, 5), None, "formality-online-payment-tree"),
    ],
    ids=["another day", "another period that begins on the same day", "another endpoint"],
)
def test_accepted_row_of_another_day_period_or_endpoint_resolves_nothing(
    pipeline: Pipeline, day: date, month: int | None, endpoint: str
) -> None:
    asked = date(2024, 2, 5)
    pipeline.run(PROGRESS, spoil_entries(answer(PROGRESS, asked), 3), asked)
    assert pipeline.run(endpoint, answer(endpoint, day, month=month), day, month=month).status == "published"
    assert pipeline.query("select count(*) from ops.quarantine where resolved_at is null") == [(3,)]


def test_failed_window_is_in_the_ledger(pipeline: Pipeline) -> None:
    window = choose_window(PROGRESS, DAY)
    with pipeline.connect() as connection:
        record_failure(connection, "national_portal", window, DAY, RUN, str(SourceRefusedError("HTTP 403")))
    assert pipeline.query("select status, received_rows, window_end, error, data_date from ops.load") == [
        ("failed", 0, DAY, "HTTP 403", None)
    ]


def test_copy_of_a_profile_is_another_source_with_rows_of_its_own(pipeline: Pipeline) -> None:
    payload = answer(PROGRESS)
    pipeline.run(PROGRESS, payload)
    pipeline.profile = pipeline.profile.model_copy(update={"source": "other_portal"})
    load = pipeline.prepare(pipeline.keep(PROGRESS, payload))
    assert pipeline.publish(load).accepted == 201
    assert pipeline.query("select source, count(*) from core.portal_statistic group by 1 order by 1") == [
        ("national_portal", 201),
        ("other_portal", 201),
    ]


def repeat_metric(payload: Payload) -> None:
    metrics = entries_of(payload)[0]["metrics"]
    metrics.append(deepcopy(metrics[0]))


def list_root_again(payload: Payload) -> None:
    entries_of(payload)[0]["departmentId"] = root_of(payload)["departmentId"]


def lengthen_identity(payload: Payload) -> None:
    entries_of(payload)[0]["departmentId"] = "".join(chr(0x4E00 + number) for number in range(4000))


def share_code(payload: Payload) -> None:
    entries_of(payload)[0]["departmentCode"] = entries_of(payload)[1]["departmentCode"]


def take_the_code_of_the_province(payload: Payload) -> None:
    entries_of(payload)[0]["departmentCode"] = root_of(payload)["departmentCode"]


@pytest.mark.parametrize(
    "contradict", [repeat_metric, list_root_again, lengthen_identity, share_code, take_the_code_of_the_province]
)
def test_contradictory_response_has_every_row_accepted_or_quarantined(
    pipeline: Pipeline, contradict: Callable[[Payload], None]
) -> None:
    payload = answer(DIGITIZED)
    contradict(payload)
    outcome = pipeline.run(DIGITIZED, payload)
    assert outcome.accepted + outcome.quarantined == outcome.received
    assert outcome.quarantined > 0


def test_root_without_an_id_stops_the_load(pipeline: Pipeline) -> None:
    payload = answer(DIGITIZED)
    root_of(payload)["departmentId"] = None
    assert pipeline.run(DIGITIZED, payload).status == "stopped"


# Values that a portal could put where a count belongs, and whether the rules accept them.
COUNTS = [
    (0, True),
    (5, True),
    (10**9, True),
    (1.5, False),
    (10**9 + 1, False),
    (-1, False),
    ("5", False),
    (True, False),
]


def test_every_row_is_accepted_or_quarantined_by_the_rules(pipeline: Pipeline) -> None:
    pipeline.profile = pipeline.profile.model_copy(update={"max_rejected_share": Decimal(1)})
    payload = answer(PROGRESS)
    rejected = set()
    cases = list(product([*COUNTS, (None, True)], [*COUNTS, (None, True)], [50, None]))
    del entries_of(payload)[len(cases) :]
    for node, ((top, is_top_good), (bottom, is_bottom_good), ratio) in zip(entries_of(payload), cases, strict=True):
        node |= {"totalOnTime": top, "totalReceived": bottom, "ratio": ratio}
        has_value = (top is None) == (bottom is None) and not (top is None and ratio is None)
        if not (is_top_good and is_bottom_good and has_value):
            rejected.add(f"{node['departmentId']} on_time")
    outcome = pipeline.run(PROGRESS, payload)
    assert (outcome.accepted, outcome.quarantined) == (163 - len(rejected), len(rejected))
    assert {key for (key,) in pipeline.query("select row_key from ops.quarantine")} == rejected
    assert pipeline.count("core.portal_statistic") == outcome.accepted


@pytest.fixture
def prepared(pipeline: Pipeline) -> list[Load]:
    """Answers of all endpoints for one day and of two for the next, audited; their names and codes don't agree."""
    loads = []
    asked = [(DAY, endpoint) for endpoint in WRITERS]
    asked += [(DAY + timedelta(days=1), endpoint) for endpoint in (PROGRESS, DIGITIZED)]
    for number, (day, endpoint) in enumerate(asked):
        payload = answer(endpoint, day)
        del entries_of(payload)[20:]
        if "pagination" in payload["data"]:
            payload["data"]["pagination"]["total"] = 20
        entries_of(payload)[number % 3]["departmentName"] = f"Sở viết cách {number}"
        loads.append(pipeline.prepare(pipeline.keep(endpoint, payload, day)))
    return loads


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_order_of_loading_makes_no_difference(pipeline: Pipeline, prepared: list[Load], data: st.DataObject) -> None:
    def publish_all(loads: list[Load]) -> dict[str, tuple[int, str]]:
        """Checksums of core after the loads, all of it rolled back."""
        with pipeline.connect() as connection, connection.transaction(force_rollback=True):
            for load in loads:
                assert publish(connection, pipeline.profile, load, RUN).status == "published"
                assert read_status(connection, load) == "published"
            return {table: compute_checksum(connection, "core", table) for table in CORE}

    assert publish_all(data.draw(st.permutations(prepared))) == publish_all(prepared)
