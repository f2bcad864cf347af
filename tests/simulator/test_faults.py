"""Each failure class of the portal, seen from the client's side of a real connection."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import requests

from simulator.failures import PORTAL_KINDS
from simulator.faults import HUGE, PAYLOAD_FAULTS, Fault, alter_payload, own_count
from simulator.periods import ENDPOINTS, LOCAL
from simulator.server import Simulator

Ask = Callable[..., requests.Response]
Node = dict[str, Any]


def entries_in(response: requests.Response) -> list[Node]:
    data = response.json()["data"]
    return data["evaluation"] if "evaluation" in data else data["children"]


def hit_in(response: requests.Response) -> Node:
    """The node that carries the fault: the first entry, or provide-online's root."""
    data = response.json()["data"]
    return data["parent"] if "channelTotalSum" in data.get("parent", {}) else entries_in(response)[0]


@pytest.mark.parametrize(("kind", "sign"), [("html_200", "bảo trì"), ("firewall_page", "Your support ID is")])
def test_html_comes_with_a_good_status(portal: Simulator, ask: Ask, kind: str, sign: str) -> None:
    portal.set_fault("transparency", kind)
    response = ask("transparency")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")
    assert sign in response.text
    portal.set_fault("transparency", kind, status=201)
    assert ask("transparency").status_code == 201


@pytest.mark.parametrize(
    ("kind", "status"), [("unauthorized", 401), ("forbidden", 403), ("rate_limited", 429), ("server_error", 500)]
)
def test_refusals_have_their_status(portal: Simulator, ask: Ask, kind: str, status: int) -> None:
    portal.set_fault("*", kind, seconds=7)
    response = ask("dvc-progress-tree")
    assert response.status_code == status
    assert response.headers.get("Retry-After") == ("7" if status == 429 else None)


def test_cut_body_has_a_content_length_that_fits(portal: Simulator, ask: Ask) -> None:
    whole = ask("dvc-progress-tree").content
    portal.set_fault("dvc-progress-tree", "cut_body")
    response = ask("dvc-progress-tree")
    assert response.status_code == 201
    assert int(response.headers["Content-Length"]) == len(response.content)
    assert whole.startswith(response.content)
    with pytest.raises(json.JSONDecodeError):
        json.loads(response.content)


def test_dropped_connection_ends_before_its_content_length(portal: Simulator, ask: Ask) -> None:
    portal.set_fault("transparency", "dropped_connection", times=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        ask("transparency")
    assert ask("transparency").status_code == 201


def test_timeout_leaves_the_client_waiting(portal: Simulator, ask: Ask) -> None:
    portal.set_fault("transparency", "timeout", seconds=30, times=1)
    with pytest.raises(requests.exceptions.ReadTimeout):
        ask("transparency", timeout=0.2)
    portal.set_fault("transparency", "timeout", seconds=0.05)
    assert ask("transparency").status_code == 201


def test_latin1_body_is_no_utf8(portal: Simulator, ask: Ask) -> None:
    portal.set_fault("dossier-digitized", "latin1")
    response = ask("dossier-digitized")
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    with pytest.raises(UnicodeDecodeError):
        response.content.decode("utf-8")
    assert json.loads(response.content.decode("latin-1"))["code"] == "OK"


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_short_list_keeps_the_total(portal: Simulator, ask: Ask, endpoint: str) -> None:
    portal.set_fault(endpoint, "short_list", n=3)
    response = ask(endpoint)
    assert len(entries_in(response)) == 191
    assert response.json()["data"].get("pagination", {"total": 194})["total"] == 194


def test_repeated_page_is_the_first_page_again(portal: Simulator, ask: Ask) -> None:
    portal.set_fault("transparency", "repeated_page")
    pages = [entries_in(ask("transparency", currentPage=page, pageSize=100)) for page in (1, 2)]
    assert pages[0] == pages[1]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_repeated_page_of_a_list_on_one_page_repeats_its_first_half(portal: Simulator, ask: Ask, endpoint: str) -> None:
    portal.set_fault(endpoint, "repeated_page")
    entries = entries_in(ask(endpoint))
    assert len(entries) == 194
    assert entries[:97] == entries[97:]


def test_repeated_snapshot_is_yesterdays(portal: Simulator, ask: Ask) -> None:
    portal.set_clock(datetime(2024, 12, 31, 4, 30, tzinfo=LOCAL))
    yesterday = ask("dvc-progress-tree").content
    portal.set_clock(datetime(2025, 1, 1, 4, 30, tzinfo=LOCAL))
    today = ask("dvc-progress-tree").content
    portal.set_fault("*", "repeated_snapshot", times=1)
    assert ask("dvc-progress-tree").content == yesterday
    assert ask("dvc-progress-tree").content == today


def test_repeated_snapshot_of_a_first_day_stays_in_its_period(portal: Simulator, ask: Ask) -> None:
    portal.set_clock(datetime(2024, 1, 2, 4, 30, tzinfo=LOCAL))
    portal.set_fault("*", "repeated_snapshot")
    assert ask("dvc-progress-tree").status_code == 201


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_wrong_envelope_code(portal: Simulator, ask: Ask, endpoint: str) -> None:
    portal.set_fault(endpoint, "wrong_envelope_code")
    assert (ask(endpoint).status_code, ask(endpoint).json()["code"]) == (201, "INTERNAL_ERROR")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_unknown_field_is_in_every_node(portal: Simulator, ask: Ask, endpoint: str) -> None:
    portal.set_fault(endpoint, "unknown_field")
    assert all(entry["verifiedBy"] == "BCQG" for entry in entries_in(ask(endpoint)))


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_numbers_go_wrong(portal: Simulator, ask: Ask, endpoint: str) -> None:
    holder, top, bottom = own_count(hit_in(ask(endpoint)))
    expected = {
        "null_number": (None, holder[bottom]),
        "huge_count": (holder[top], HUGE),
        "negative_count": (-holder[top], holder[bottom]),
        "numerator_over_denominator": (holder[bottom] + 1, holder[bottom]),
    }
    for kind, parts in expected.items():
        portal.set_fault(endpoint, kind)
        broken, _, _ = own_count(hit_in(ask(endpoint)))
        assert (broken[top], broken[bottom]) == parts


def test_fault_hits_as_many_entries_as_given_or_the_root(portal: Simulator, ask: Ask) -> None:
    portal.set_fault("dvc-progress-tree", "null_number", n=4)
    assert [entry["totalOnTime"] for entry in entries_in(ask("dvc-progress-tree"))].count(None) == 4
    portal.set_fault("dvc-progress-tree", "null_number", where="root")
    response = ask("dvc-progress-tree")
    assert response.json()["data"]["parent"]["totalOnTime"] is None
    assert None not in [entry["totalOnTime"] for entry in entries_in(response)]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_missing_field(portal: Simulator, ask: Ask, endpoint: str) -> None:
    _, top, _ = own_count(hit_in(ask(endpoint)))
    portal.set_fault(endpoint, "missing_field")
    node = hit_in(ask(endpoint))
    holders = [node, *node.get("metrics", ())]
    assert sum(top in holder for holder in holders) == len(node.get("metrics", ())) - ("metrics" in node)
    portal.set_fault(endpoint, "missing_field", field="departmentId")
    assert "departmentId" not in hit_in(ask(endpoint))


def test_missing_metrics_are_gone_from_every_node(portal: Simulator, ask: Ask) -> None:
    portal.set_fault("transparency", "missing_metrics", field="PUBLIC_CONTENT_FULL,DOSSIER_SYNC")
    data = ask("transparency").json()["data"]
    left = [{metric["code"] for metric in node["metrics"]} for node in (data["overview"], *data["evaluation"])]
    assert all(codes == {"PUBLISH_ON_TIME", "PUBLIC_UPDATE_ON_TIME"} for codes in left)
    portal.set_fault("provide-online-tree", "missing_metrics", field="fullCount,authorityCount")
    root = ask("provide-online-tree").json()["data"]["parent"]
    assert "channelOnlineSum" in root
    assert not {"fullCount", "authorityCount"} & root.keys()


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_wrong_root(portal: Simulator, ask: Ask, endpoint: str) -> None:
    portal.set_fault(endpoint, "wrong_root")
    data = ask(endpoint).json()["data"]
    assert (data.get("overview") or data["parent"])["departmentId"] != portal.root_department_id


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_many_bad_rows_come_beside_good_ones_in_a_complete_list(portal: Simulator, ask: Ask, endpoint: str) -> None:
    portal.set_fault(endpoint, "many_bad_rows", n=500, good=100)
    response = ask(endpoint)
    entries = entries_in(response)
    counts = [(own_count(entry)[0], own_count(entry)[1]) for entry in entries]
    assert sum(holder[top] < 0 for holder, top in counts) == 500
    assert len({entry["departmentId"] for entry in entries}) == len(entries) == 794
    assert response.json()["data"].get("pagination", {"total": 794})["total"] == 794


def test_fault_of_an_endpoint_comes_before_that_of_all(portal: Simulator, ask: Ask) -> None:
    portal.set_fault("*", "server_error")
    portal.set_fault("transparency", "forbidden", times=1)
    assert [ask("transparency").status_code for _ in range(2)] == [403, 500]


@pytest.mark.parametrize("kind", PAYLOAD_FAULTS)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_payload_faults_leave_the_payload_itself_alone(ask: Ask, endpoint: str, kind: str) -> None:
    payload = ask(endpoint).json()
    before = json.dumps(payload)
    altered = alter_payload(payload, Fault(kind=kind))
    assert json.dumps(payload) == before
    assert altered != payload


def test_every_failure_class_of_the_contract_is_known() -> None:
    assert {
        "cut_body",
        "dropped_connection",
        "firewall_page",
        "forbidden",
        "html_200",
        "huge_count",
        "latin1",
        "many_bad_rows",
        "missing_field",
        "missing_metrics",
        "negative_count",
        "null_number",
        "numerator_over_denominator",
        "rate_limited",
        "repeated_page",
        "repeated_snapshot",
        "server_error",
        "short_list",
        "timeout",
        "unauthorized",
        "unknown_field",
        "wrong_envelope_code",
        "wrong_root",
    } == PORTAL_KINDS
