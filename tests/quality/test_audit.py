"""audit, by Great Expectations in PostgreSQL: each rule by its name, on the rows that broke it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cchc.quality import audit as audit_module
from cchc.quality.audit import AuditError
from cchc.settings import EXPECTATIONS
from cchc.warehouse.staging import is_audited
from simulator.failures import MAINTENANCE
from simulator.faults import entries_of, root_of
from simulator.wire import encode_payload
from tests.warehouse.pipeline import Pipeline, answer

DIGITIZED = "dossier-digitized"
PROGRESS = "dvc-progress-tree"
TRANSPARENCY = "transparency"

SEVERITIES = {
    "critical": {
        "wrong_encoding", "not_json", "wrong_envelope_code", "required_field_gone", "wrong_root", "incomplete_list",
        "repeated_page",
    },
    "warning": {
        "no_agency", "not_a_number", "not_whole", "negative_count", "count_too_large", "required_value_missing",
    },
    "info": {
        "numerator_over_denominator", "ratio_differs", "ratio_only", "children_differ", "unknown_field",
        "unused_field_gone",
    },
}  # fmt: skip


def test_rules_and_their_severities_are_those_of_the_rulings(pipeline: Pipeline) -> None:
    pipeline.prepare(pipeline.keep(PROGRESS, answer(PROGRESS)))
    found: dict[str, set[str]] = {}
    for severity, rule in pipeline.query("select severity, rule_id from ops.expectation_result"):
        found.setdefault(severity, set()).add(rule)
    assert found == SEVERITIES


def test_result_counts_checked_rows_and_rows_that_broke_the_rule(pipeline: Pipeline) -> None:
    load = pipeline.prepare(pipeline.keep(PROGRESS, answer(PROGRESS, kind="negative_count", n=4)))
    rows = pipeline.query(
        "select rule_id, severity, checked_rows, unexpected_rows, suite, load_id from ops.expectation_result"
        " where not is_success order by rule_id"
    )
    suite = "national_portal_statistic"
    assert [row[:4] for row in rows] == [
        ("children_differ", "info", None, 1),
        ("negative_count", "warning", 201, 4),
        ("ratio_differs", "info", None, 4),
    ]
    assert {row[4:] for row in rows} == {(suite, load.load_id)}
    assert pipeline.query("select count(*) from ops.expectation_result where is_success and unexpected_rows > 0") == [
        (0,)
    ]


def test_audit_again_writes_the_same_rows_once(pipeline: Pipeline) -> None:
    load = pipeline.prepare(pipeline.keep(PROGRESS, answer(PROGRESS, kind="negative_count")))
    counts = "select (select count(*) from ops.expectation_result), (select count(*) from staging.rule_violation)"
    before = pipeline.query(counts)
    pipeline.prepare(load)
    assert pipeline.query(counts) == before


def test_one_load_is_audited_apart_from_others_in_staging(pipeline: Pipeline) -> None:
    bad = pipeline.prepare(pipeline.keep(DIGITIZED, answer(DIGITIZED, kind="wrong_root")))
    good = pipeline.prepare(pipeline.keep(PROGRESS, answer(PROGRESS)))
    assert pipeline.query("select rule_id from staging.rule_violation where load_id = %s", [good.load_id]) == [
        ("audited",)
    ]
    assert pipeline.publish(good).status == "published"
    assert pipeline.publish(bad).status == "stopped"


def cut(body: bytes) -> bytes:
    return body[: len(body) * 2 // 3]


def recode(body: bytes) -> bytes:
    return body.decode().encode("latin-1", "replace")


def keep(body: bytes) -> bytes:
    return body


@pytest.mark.parametrize(
    ("endpoint", "fault", "damage", "stop_rules"),
    [
        (TRANSPARENCY, {}, cut, ["not_json"]),
        (TRANSPARENCY, {}, lambda _: MAINTENANCE.encode(), ["not_json"]),
        (TRANSPARENCY, {}, recode, ["wrong_encoding"]),
        (TRANSPARENCY, {"kind": "wrong_envelope_code"}, keep, ["wrong_envelope_code"]),
        (TRANSPARENCY, {"kind": "short_list"}, keep, ["incomplete_list"]),
        (TRANSPARENCY, {"kind": "repeated_page"}, keep, ["incomplete_list", "repeated_page"]),
        (PROGRESS, {"kind": "repeated_page"}, keep, ["repeated_page"]),
        (TRANSPARENCY, {"kind": "missing_field"}, keep, ["required_field_gone"]),
        (TRANSPARENCY, {"kind": "missing_metrics", "field": "DOSSIER_SYNC"}, keep, ["required_field_gone"]),
        (DIGITIZED, {"kind": "missing_field", "field": "departmentId"}, keep, ["required_field_gone"]),
        (PROGRESS, {"kind": "missing_field", "where": "root"}, keep, ["required_field_gone"]),
        (DIGITIZED, {"kind": "wrong_root"}, keep, ["wrong_root"]),
        (TRANSPARENCY, {"kind": "wrong_root"}, keep, ["wrong_root"]),
    ],
    ids=lambda value: value.get("kind") if isinstance(value, dict) else getattr(value, "__name__", None),
)
def test_critical_rule_stops_the_load_by_its_name(
    pipeline: Pipeline, endpoint: str, fault: dict[str, Any], damage: Callable[[bytes], bytes], stop_rules: list[str]
) -> None:
    outcome = pipeline.run(endpoint, damage(encode_payload(answer(endpoint, **fault))))
    assert (outcome.status, outcome.accepted, list(outcome.stop_rules)) == ("stopped", 0, stop_rules)
    assert pipeline.count("core.portal_statistic") == 0


def test_metrics_that_feed_no_measure_may_be_gone(pipeline: Pipeline) -> None:
    gone = "SYNCED_WITH_DVCQG_PERSONAL_STORAGE,CITIZEN_DATA_CONNECTED_DOSSIER,CITIZEN_DATA_CONNECTED_FORMALITY"
    outcome = pipeline.run(DIGITIZED, answer(DIGITIZED, kind="missing_metrics", field=gone))
    assert (outcome.status, outcome.quarantined) == ("published", 0)
    assert pipeline.query("select rule_id, severity from ops.expectation_result where not is_success order by 1") == [
        ("ratio_only", "info"),
        ("unused_field_gone", "info"),
    ]
    assert pipeline.query(
        "select count(*) from core.portal_statistic where 'unused_field_gone' = any(quality_flags)"
    ) == [(0,)]


def test_metric_that_feeds_no_measure_may_be_null_everywhere(pipeline: Pipeline) -> None:
    payload = answer(DIGITIZED)
    for node in (root_of(payload), *entries_of(payload)):
        node["metrics"][3] |= {"numerator": None, "denominator": None, "ratio": None}
    outcome = pipeline.run(DIGITIZED, payload)
    assert (outcome.status, outcome.quarantined) == ("published", 0)


WARNINGS: list[tuple[dict[str, Any], str]] = [
    ({"numerator": -1}, "negative_count"),
    ({"denominator": -1}, "negative_count"),
    ({"denominator": 10**12}, "count_too_large"),
    ({"numerator": 10.5}, "not_whole"),
    ({"denominator": 9_999_999.5}, "not_whole"),
    ({"numerator": "5"}, "not_a_number"),
    ({"score": {}}, "not_a_number"),
    ({"numerator": None}, "required_value_missing"),
    ({"denominator": None}, "required_value_missing"),
    ({"numerator": None, "denominator": None, "ratio": None}, "required_value_missing"),
]


def test_warning_rejects_its_row_and_the_rest_is_published(pipeline: Pipeline) -> None:
    payload = answer(DIGITIZED)
    expected = {}
    for number, (entry, (changes, rule)) in enumerate(zip(entries_of(payload), WARNINGS, strict=False)):
        entry["metrics"][1] |= changes
        pointer = f"page 1 /data/evaluation/{number}/metrics/1"
        expected[f"{entry['departmentId']} components_digitised"] = ([rule], pointer)
    outcome = pipeline.run(DIGITIZED, payload)
    assert (outcome.accepted, outcome.quarantined) == (1407 - len(WARNINGS), len(WARNINGS))
    rows = pipeline.query("select row_key, rules, payload ->> 'pointer' from ops.quarantine")
    assert {key: (rules, pointer) for key, rules, pointer in rows} == expected


def test_row_without_a_department_is_quarantined_under_its_pointer(pipeline: Pipeline) -> None:
    payload = answer(PROGRESS)
    entries_of(payload)[2]["departmentId"] = ""
    pipeline.run(PROGRESS, payload)
    assert pipeline.query("select row_key, rules from ops.quarantine") == [
        ("page 1 /data/children/2 on_time", ["no_agency"])
    ]


def test_each_flag_is_on_its_rows_and_on_no_other(pipeline: Pipeline) -> None:
    payload = answer(DIGITIZED)
    root, first, second, third, *_ = root_of(payload), *entries_of(payload)
    metrics = {metric["code"]: metric for metric in first["metrics"]}
    exceeding = metrics["SO_HOA_GIAY_TO_GIAI_QUYET"]
    exceeding["numerator"] = exceeding["denominator"] + 1
    exceeding["ratio"] = 100 * exceeding["numerator"] / exceeding["denominator"]
    second["metrics"][2]["ratio"] += 0.02  # REUSED_DIGITIZED_DATA
    third["metrics"][4]["verifiedBy"] = "BCQG"  # CITIZEN_DATA_CONNECTED_DOSSIER
    root["metrics"][0]["numerator"] += 1  # ORIGINAL_RESULT_AVAILABLE
    root["metrics"][5]["numerator"] += 1  # a distinct count, which by nature does not add up
    assert pipeline.run(DIGITIZED, payload).quarantined == 0
    flagged = pipeline.query(
        "select flag, metric, department_id from core.portal_statistic, unnest(quality_flags) as flag"
        " where metric <> 'certified_e_copies' and not (is_root and flag = 'ratio_differs') order by 1, 2"
    )
    assert flagged == [
        ("children_differ", "components_digitised", root["departmentId"]),
        ("children_differ", "electronic_result", root["departmentId"]),
        ("numerator_over_denominator", "components_digitised", first["departmentId"]),
        ("ratio_differs", "data_reused", second["departmentId"]),
        ("unknown_field", "dossiers_with_citizen_data", third["departmentId"]),
    ]
    assert pipeline.query(
        "select quality_flags, count(*) from core.portal_statistic where metric = 'certified_e_copies' group by 1"
    ) == [(["ratio_only"], 201)]


def test_flag_of_the_portal_is_published_with_its_rows(pipeline: Pipeline) -> None:
    payload = answer(TRANSPARENCY)
    nodes = [root_of(payload), *entries_of(payload)]
    flags = [metric.get("dataQualityStatus") for node in nodes for metric in node["metrics"]]
    flag = "TEMP_NATIONAL_REPORT_DENOMINATOR"
    pipeline.run(TRANSPARENCY, payload)
    assert pipeline.query(
        "select metric, count(*) from core.portal_statistic where %s = any(quality_flags) group by 1", [flag]
    ) == [("dossiers_synced", flags.count(flag))]


def test_differing_children_flag_the_root_and_leave_its_value(pipeline: Pipeline) -> None:
    payload = answer(PROGRESS)
    del entries_of(payload)[-1]  # a tree has no total that would show it
    pipeline.run(PROGRESS, payload)
    root = root_of(payload)
    assert pipeline.query("select numerator, denominator, quality_flags from core.portal_statistic where is_root") == [
        (root["totalOnTime"], root["totalReceived"], ["children_differ"])
    ]


def test_rule_that_cannot_be_evaluated_is_an_error_and_leaves_no_rule_violation(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suites = shutil.copytree(EXPECTATIONS, tmp_path / "expectations")
    path = suites / "national_portal_statistic.json"
    suite = json.loads(path.read_text(encoding="utf-8"))
    suite["expectations"][-1]["kwargs"]["unexpected_rows_query"] = "select row_no from {batch} where no_such_column"
    path.write_text(json.dumps(suite), encoding="utf-8")
    monkeypatch.setattr(audit_module, "EXPECTATIONS", suites)
    load = pipeline.keep(PROGRESS, answer(PROGRESS))
    with pytest.raises(AuditError, match=r"national_portal_statistic, rule children_differ"):
        pipeline.prepare(load)
    assert pipeline.count("staging.rule_violation") == 0
    assert pipeline.count("ops.expectation_result") == 0
    with pipeline.connect() as connection:
        assert not is_audited(connection, load)


def test_every_rule_of_the_suites_has_notes_and_a_severity() -> None:
    for path in EXPECTATIONS.glob("*.json"):
        for rule in json.loads(path.read_text(encoding="utf-8"))["expectations"]:
            assert rule["meta"]["rule_id"]
            assert rule["notes"], rule["meta"]["rule_id"]
            assert rule["severity"] in SEVERITIES
