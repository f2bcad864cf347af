"""The shape of the answers: each field as in the real excerpts, with the traps of the source contract."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from simulator.metrics import DIGITIZED, SATISFACTION, TRANSPARENCY, write_metric
from simulator.periods import ENDPOINTS
from simulator.scores import scale, write_number

Ask = Callable[..., requests.Response]
Node = dict[str, Any]

EXCERPTS = Path(__file__).resolve().parents[2].parent / "shared" / "portal766"
needs_excerpts = pytest.mark.skipif(
    not EXCERPTS.is_dir(), reason="the portal's excerpts (../shared/portal766) are missing"
)

METRICS_ENDPOINTS, TREES = ENDPOINTS[:3], ENDPOINTS[3:]
PERIODS = {"year": None, "month": 8}


def read_excerpt(endpoint: str, period: str) -> Node:
    return json.loads((EXCERPTS / endpoint / f"{period}.json").read_text(encoding="utf-8"))


def nodes_of(data: Node) -> list[Node]:
    root = data["overview"] if "overview" in data else data["parent"]
    return [root, *(data["evaluation"] if "evaluation" in data else data["children"])]


def describe(value: Any) -> Any:
    """Keys in order and kinds of values; of a metric also what never changes."""
    if isinstance(value, dict):
        fixed = {key: value[key] for key in ("code", "name", "maxScore") if "metrics" not in value and key in value}
        quality = ("dataQualityStatus", "dataQualityMessage")
        return [(key, fixed.get(key, describe(value[key]))) for key in value if key not in quality], tuple(
            key for key in value if key in quality
        )
    if isinstance(value, list):
        return [describe(item) for item in value]
    return "text" if isinstance(value, str) else "number or null"


@needs_excerpts
@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_answer_has_the_shape_of_the_excerpt(ask: Ask, endpoint: str, period: str) -> None:
    real, ours = read_excerpt(endpoint, period), ask(endpoint, month=PERIODS[period]).json()
    assert list(ours) == list(real)
    assert list(ours["data"]) == list(real["data"])
    real_root, *real_entries = nodes_of(real["data"])
    root, *entries = nodes_of(ours["data"])
    assert describe(root) == describe(real_root)
    assert {str(describe(entry)) for entry in entries} == {str(describe(entry)) for entry in real_entries}
    assert describe(ours["data"].get("monthlyChart")) == describe(real["data"].get("monthlyChart"))
    assert ours["data"].get("source") == real["data"].get("source")
    assert list(ours["data"].get("pagination", {})) == list(real["data"].get("pagination", {}))


@needs_excerpts
@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize(
    ("endpoint", "metrics"), list(zip(METRICS_ENDPOINTS, (TRANSPARENCY, SATISFACTION, DIGITIZED), strict=True))
)
def test_ratios_and_scores_are_computed_as_in_the_excerpts(endpoint: str, metrics: Any, period: str) -> None:
    for node in nodes_of(read_excerpt(endpoint, period)["data"]):
        for metric, real in zip(metrics, node["metrics"], strict=True):
            if real["numerator"] is not None:
                assert real | write_metric(metric, (real["numerator"], real["denominator"])) == real


@needs_excerpts
def test_progress_scores_are_computed_as_in_the_excerpts() -> None:
    data = json.loads((EXCERPTS / "dvc-progress-tree" / "year-complete.json").read_text(encoding="utf-8"))["data"]
    for child in data["children"]:
        assert write_number(scale(child["totalOnTime"], child["totalReceived"], 20)) == child["score"]
        assert write_number(scale(child["totalOnTime"], child["totalReceived"])) == child["ratio"]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_body_is_plain_compact_utf8(ask: Ask, endpoint: str) -> None:
    response = ask(endpoint)
    assert (response.status_code, response.headers["Content-Type"]) == (201, "application/json; charset=utf-8")
    text = response.content.decode("utf-8")
    assert text.startswith('{"code":"OK","data":{')
    assert text.endswith('},"message":"OK"}')
    assert "Tiền Giang" in text
    assert not re.search(r"\d\.0[,}\]]", text)


def find_metrics(node: Node) -> dict[str, Node]:
    return {metric["code"]: metric for metric in node["metrics"]}


def find_entry(data: Node, start: str) -> Node:
    return next(node for node in nodes_of(data) if node["departmentName"].startswith(start))


def test_transparency_repeats_the_province_but_for_its_provisional_sync(ask: Ask) -> None:
    root, *entries = nodes_of(ask("transparency").json()["data"])
    for entry in entries:
        assert entry["metrics"][:3] == root["metrics"][:3]
    syncs = [find_metrics(node)["DOSSIER_SYNC"] for node in (root, *entries)]
    assert all(sync["numerator"] == sync["denominator"] for sync in syncs)
    assert len({sync["numerator"] for sync in syncs}) > 100
    statuses = [sync["dataQualityStatus"] for sync in syncs if sync["numerator"]]
    assert set(statuses) == {"TEMP_NATIONAL_REPORT_DENOMINATOR"}
    assert root["averageScore"] != root["totalScore"]


def test_nothing_of_nothing_is_written_in_four_ways(ask: Ask) -> None:
    idle = "Thanh tra tỉnh"
    sync = find_metrics(find_entry(ask("transparency").json()["data"], idle))["DOSSIER_SYNC"]
    assert (sync["denominator"], sync["ratio"], sync["score"]) == (0, None, None)
    assert sync["dataQualityStatus"] == "NO_NATIONAL_REPORT_DATA"
    satisfaction = find_metrics(find_entry(ask("handling-satisfaction").json()["data"], idle))
    written = {code: (m["ratio"], m["score"], m["maxScore"]) for code, m in satisfaction.items()}
    assert written["PETITION_PROCESSING_ON_TIME"] == (0, 6, 6)
    assert written["DOSSIER_RECEIVING_SATISFACTION"] == (0, 0, 6)
    assert written["PETITION_CLASSIFICATION_TTHC"] == (0, None, 0)
    child = find_entry(ask("dvc-progress-tree").json()["data"], idle)
    assert (child["totalReceived"], child["ratio"], child["score"]) == (0, 0, 0)


def test_certified_copies_are_a_ratio_without_parts(ask: Ask) -> None:
    for node in nodes_of(ask("dossier-digitized").json()["data"]):
        copy = find_metrics(node)["ELECTRONIC_CERTIFIED_COPY"]
        assert (copy["numerator"], copy["denominator"], copy["ratio"], copy["score"]) == (None, None, 100, 2)


@pytest.mark.parametrize("month", [None, 8])
def test_children_of_progress_add_up(ask: Ask, month: int | None) -> None:
    root, *children = nodes_of(ask("dvc-progress-tree", month=month).json()["data"])
    for counter in ("totalReceived", "totalOnTime"):
        assert sum(child[counter] for child in children) == root[counter]
    assert all(child["totalOnTime"] + child["totalOverdue"] == child["totalReceived"] for child in children)


def test_ratio_is_the_score_in_payment_and_the_rate_in_progress(ask: Ask) -> None:
    payment = ask("formality-online-payment-tree").json()["data"]["parent"]
    paid, owed = payment["totalDossierOnlinePaymentSuccess"], payment["totalDossierFinancialObligation"]
    assert payment["ratio"] == pytest.approx(payment["totalScore"] * 10)
    assert abs(payment["ratio"] - 100 * paid / owed) > 1
    progress = ask("dvc-progress-tree").json()["data"]["parent"]
    assert progress["ratio"] == pytest.approx(100 * progress["totalOnTime"] / progress["totalReceived"], abs=0.005)


def test_provinces_values_are_not_the_sums_of_children_nor_of_other_endpoints(ask: Ask) -> None:
    root, *children = nodes_of(ask("formality-online-payment-tree").json()["data"])
    for counter in ("totalDossierOnlineFormalityPaymentSuccess", "totalFeeDossierFormality", "totalFeeFormality"):
        assert sum(child[counter] for child in children) > root[counter]
    received = ask("dvc-progress-tree").json()["data"]["parent"]
    satisfied = find_metrics(ask("handling-satisfaction").json()["data"]["overview"])["DOSSIER_RECEIVING_SATISFACTION"]
    channels = ask("provide-online-tree").json()["data"]["parent"]
    assert satisfied["denominator"] == received["totalReceived"] > channels["channelTotalSum"]
    assert satisfied["numerator"] < received["totalOnTime"]
    parts = ("channelOnlineSum", "channelDirectSum", "channelPostalSum")
    assert sum(channels[part] for part in parts) == channels["channelTotalSum"]


@pytest.mark.parametrize(
    ("endpoint", "value"), [("dvc-progress-tree", "onTimePct"), ("provide-online-tree", "onlineDossierPct")]
)
def test_charts_show_zero_outside_the_months_that_have_begun(
    ask: Ask, set_clock: Callable[[int, int], None], endpoint: str, value: str
) -> None:
    set_clock(9, 15)
    year = [point[value] for point in ask(endpoint).json()["data"]["monthlyChart"]]
    assert all(share > 0 for share in year[:9])
    assert year[9:] == [0, 0, 0]
    month = [point[value] for point in ask(endpoint, month=8).json()["data"]["monthlyChart"]]
    assert [number for number, share in enumerate(month, 1) if share] == [8]


def test_levels_and_types(ask: Ask) -> None:
    nodes = nodes_of(ask("dossier-digitized").json()["data"])
    kinds = {(node["departmentType"], node["departmentLevel"], node["agencyLevel"]) for node in nodes}
    assert kinds == {
        ("PROVINCE", "PROVINCE", "level_1"),
        ("PROVINCIAL_DEPARTMENT", "PROVINCE", "level_2"),
        ("DISTRICT_PEOPLE_COMMITTEE", "DISTRICT", "level_2"),
        ("COMMUNE_PEOPLE_COMMITTEE", "COMMUNE", "level_2"),
    }
    codes = [node["departmentCode"] for node in nodes[1:]]
    assert codes == sorted(codes)
    assert len(set(codes)) == 194


@pytest.mark.parametrize("endpoint", METRICS_ENDPOINTS)
def test_metrics_come_in_pages_that_make_the_whole_list(ask: Ask, endpoint: str) -> None:
    whole = ask(endpoint).json()["data"]
    pages = [ask(endpoint, currentPage=page, pageSize=50).json()["data"] for page in (1, 2, 3, 4, 5)]
    assert [len(page["evaluation"]) for page in pages] == [50, 50, 50, 44, 0]
    assert [entry for page in pages for entry in page["evaluation"]] == whole["evaluation"]
    assert pages[1]["pagination"] == {"total": 194, "currentPage": 2, "pageSize": 50, "totalPages": 4}
    assert pages[1]["overview"] == whole["overview"]


def test_a_page_of_two_hundred_does_not_hold_all_agencies_of_january(
    ask: Ask, set_clock: Callable[[int, int], None]
) -> None:
    set_clock(2, 1)
    pages = [ask("transparency", currentPage=page).json()["data"] for page in (1, 2)]
    assert [len(page["evaluation"]) for page in pages] == [200, 2]
    assert pages[0]["pagination"]["total"] == 202


@pytest.mark.parametrize("endpoint", TREES)
def test_trees_ignore_the_page_size(ask: Ask, endpoint: str) -> None:
    assert ask(endpoint, pageSize=50).content == ask(endpoint, pageSize=100, currentPage=3).content
    assert len(ask(endpoint, pageSize=50).json()["data"]["children"]) == 194
