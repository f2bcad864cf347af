"""PortalProfile: its requests, and the rows that it parses from real and hostile answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cchc.sources.parsed_load import ParsedLoad
from cchc.sources.profile import PortalProfile
from cchc.sources.target import Target
from cchc.sources.window import Window, plan_year_and_month
from simulator.agencies import ROOT_CODE, ROOT_DEPARTMENT_ID, read_agencies
from simulator.faults import Fault, alter_payload, alter_query
from simulator.periods import Period
from simulator.values import Values
from simulator.wire import Query, encode_payload, write_payload
from tests.sources.scripted_server import Answer

PHU_THO = "019d2be3-6a88-732b-8b17-b68020c8553a"
YEAR = (date(2024, 1, 1), date(2024, 12, 31))
AUGUST = (date(2024, 8, 1), date(2024, 8, 31))
DATED = "handling-satisfaction"
SMALL_PAGES = {"dvc-progress-tree", "formality-online-payment-tree"}
ENDPOINTS = ("transparency", DATED, "dossier-digitized", *sorted(SMALL_PAGES), "provide-online-tree")

# One row for each value that is a unit's own: those of the root, and those of each of the eight entries.
EXCERPT_ROWS = {
    "transparency": 4 + 8,
    DATED: 5 + 8 * 5,
    "dossier-digitized": 7 + 8 * 7,
    "dvc-progress-tree": 1 + 8,
    "provide-online-tree": 2,
    "formality-online-payment-tree": 1 + 8,
}
PORTAL_VALUES = [
    ("formality-online-payment-tree", "online_payment", 309542, 358625, None),
    ("dossier-digitized", "data_reused", 136827, 597918, "22.88"),
    ("dossier-digitized", "components_digitised", 145096, 597918, "24.27"),
    ("dossier-digitized", "electronic_result", 433356, 597918, "72.48"),
    ("dossier-digitized", "certified_e_copies", None, None, "100"),
    ("provide-online-tree", "online_channel", 589496, 597894, None),
    ("handling-satisfaction", "petitions_on_time", 296, 570, "51.93"),
    ("transparency", "dossiers_synced", 475053, 475053, "100"),
    ("transparency", "published_on_time", 0, 89, "0"),
    ("dvc-progress-tree", "on_time", 528684, 597918, "88.42"),
]


def test_year_is_planned_every_day_and_the_month_just_ended_on_days_1_to_10(profile: PortalProfile) -> None:
    def plan(day: date) -> set[tuple[str, date, date]]:
        return {(window.period, window.start, window.end) for window in plan_year_and_month(profile.entities, day)}

    year = ("year", *YEAR)
    assert plan(date(2024, 9, 10)) == {year, ("month", *AUGUST)}
    assert plan(date(2024, 9, 11)) == {year}
    assert plan(date(2024, 12, 31)) == {year}
    assert plan(date(2024, 1, 1)) == {year, ("month", date(2023, 12, 1), date(2023, 12, 31))}
    assert len(plan_year_and_month(profile.entities, date(2024, 9, 10))) == 12
    assert {window.entity for window in plan_year_and_month(profile.entities, date(2024, 9, 11))} == set(ENDPOINTS)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("period", ["year", "month"])
def test_request_is_as_the_contract_has_it(profile: PortalProfile, endpoint: str, period: str) -> None:
    start, end = YEAR if period == "year" else AUGUST
    when: dict[str, Any] = {"timeType": "year", "year": 2024}
    if period == "month":
        when = {"timeType": "month", "year": 2024, "month": 8}
    if endpoint == DATED:
        when = {"fromDate": start.isoformat(), "toDate": end.isoformat()}
    size = 100 if endpoint in SMALL_PAGES else 200
    request = profile.build_request(Window(endpoint, period, start, end), "uuid", 3)
    assert request == {**when, "rootDepartmentId": "uuid", "currentPage": 3, "pageSize": size}


def test_requests_are_those_that_the_real_portal_answered(profile: PortalProfile, shared: Path) -> None:
    captures = json.loads((shared / "portal766" / "manifest.json").read_text(encoding="utf-8"))["captures"]
    for capture in captures:
        endpoint = capture["urlPath"].rpartition("/")[2]
        period = "month" if "month" in capture["file"] else "year"
        start, end = (day.replace(year=2026) for day in (AUGUST if period == "month" else YEAR))
        request = profile.build_request(Window(endpoint, period, start, end), PHU_THO, 1)
        assert request == capture["payload"], capture["file"]


@pytest.mark.parametrize(
    ("first_body", "pages"),
    [
        (b'{"data":{"pagination":{"totalPages":3}}}', 3),
        (b'{"data":{"pagination":{"totalPages":1}}}', 1),
        (b'{"data":{"pagination":{"totalPages":0}}}', 1),
        (b'{"data":{"pagination":{"totalPages":true}}}', 1),
        (b'{"data":{"pagination":{"totalPages":2.0}}}', 1),
        (b'{"data":{"parent":{}}}', 1),
        (b"<html>", 1),
        (b'{"data":{"pagination":{"totalPages":1000000000}}}', 200),
    ],
)
def test_as_many_pages_are_asked_for_as_the_first_announces(
    profile: PortalProfile, first_body: bytes, pages: int
) -> None:
    asked = []

    def ask(path: str, payload: dict[str, Any]) -> Any:
        asked.append((path, payload["currentPage"]))
        return Answer(201, first_body if len(asked) == 1 else b"")

    window = Window("transparency", "year", *YEAR)
    target = Target("https://portal.example", profile.requests, "uuid")
    assert len(list(profile.fetch_pages(window, target, ask))) == pages
    assert asked == [("/api/v1/reporting/evaluation/transparency", number) for number in range(1, pages + 1)]


def parse(profile: PortalProfile, endpoint: str, bodies: list[bytes], root: str, province: str) -> ParsedLoad:
    """Parse the pages of a year."""
    return profile.parse_pages(Window(endpoint, "year", *YEAR), bodies, {"rootDepartmentId": root}, province)


@pytest.fixture
def parse_excerpt(profile: PortalProfile, shared: Path) -> Callable[..., ParsedLoad]:
    """Parse an excerpt of the real portal."""

    def read(endpoint: str, name: str = "year") -> ParsedLoad:
        body = (shared / "portal766" / endpoint / f"{name}.json").read_bytes()
        return parse(profile, endpoint, [body], PHU_THO, "H44")

    return read


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("period", ["year", "month"])
def test_excerpt_is_parsed_whole_and_lacks_only_the_rest_of_its_list(
    parse_excerpt: Callable[..., ParsedLoad], endpoint: str, period: str
) -> None:
    parsed = parse_excerpt(endpoint, period)
    has_code = endpoint not in ("transparency", DATED)
    assert len(parsed.rows) == EXCERPT_ROWS[endpoint]
    assert parsed.response == {
        "row_no": 1,
        "is_utf8": True,
        "is_json": True,
        "envelope_code": "OK",
        "root_department_id": PHU_THO,
        "expected_root_department_id": PHU_THO,
        "root_department_code": "H44" if has_code else None,
        "expected_root_code": "H44",
        "entries_received": 8,
        "entries_total": None if endpoint.endswith("-tree") else 163,
        "repeated_entries": 0,
        "received_rows": len(parsed.rows),
        "missing_fields": None,
        "missing_unused_fields": None,
        "unknown_fields": None,
    }


@pytest.mark.parametrize(("endpoint", "metric", "numerator", "denominator", "ratio"), PORTAL_VALUES)
def test_values_of_the_province_are_those_of_the_portal(
    parse_excerpt: Callable[..., ParsedLoad],
    endpoint: str,
    metric: str,
    numerator: int | None,
    denominator: int | None,
    ratio: str | None,
) -> None:
    (row,) = [row for row in parse_excerpt(endpoint).rows if row["metric"] == metric and row["is_root"]]
    assert (row["numerator"], row["denominator"]) == (numerator, denominator)
    assert row["ratio"] == (Decimal(ratio) if ratio else None)
    assert (row["department_id"], row["department_level"], row["not_a_number"]) == (PHU_THO, "province", None)


def test_children_keep_their_own_values(parse_excerpt: Callable[..., ParsedLoad]) -> None:
    whole = parse_excerpt("dvc-progress-tree", "year-complete")
    assert len(whole.rows) == 164
    children = [row for row in whole.rows if not row["is_root"]]
    assert sum(row["denominator"] for row in children) == 597918
    assert sum(row["numerator"] for row in children) == 528684
    assert {row["department_level"] for row in children} == {"department", "commune"}
    assert children[0] == {
        "row_no": 2,
        "pointer": "page 1 /data/children/0",
        "metric": "on_time",
        "is_root": False,
        "is_additive": True,
        "department_id": "019d2be3-6a88-732b-8b17-bb1e9a3f14ab",
        "department_code": "H44.01",
        "department_name": "Văn phòng UBND Tỉnh - Tỉnh Phú Thọ",
        "department_level": "department",
        "numerator": 156,
        "denominator": 161,
        "ratio": Decimal("96.89"),
        "score": None,
        "max_score": None,
        "not_a_number": None,
        "source_flags": None,
    }


def test_repeated_values_of_the_province_give_its_row_alone(parse_excerpt: Callable[..., ParsedLoad]) -> None:
    rows = parse_excerpt("transparency").rows
    assert {row["metric"] for row in rows if not row["is_root"]} == {"dossiers_synced"}
    assert [row["metric"] for row in rows if row["is_root"]] == [
        "published_on_time", "disclosed_on_time", "disclosed_in_full", "dossiers_synced",
    ]  # fmt: skip


def test_flags_of_the_source_stay_with_the_value_and_null_is_not_zero(parse_excerpt: Callable[..., ParsedLoad]) -> None:
    rows = {row["department_name"]: row for row in parse_excerpt("transparency", "month").rows}
    office = rows["Văn phòng UBND Tỉnh - Tỉnh Phú Thọ"]
    assert office["source_flags"] == ["NO_NATIONAL_REPORT_DATA"]
    assert (office["numerator"], office["denominator"], office["ratio"], office["score"]) == (0, 0, None, None)
    assert rows["UBND tỉnh Phú Thọ"]["source_flags"] == ["TEMP_NATIONAL_REPORT_DENOMINATOR"]


@pytest.fixture(scope="session")
def values() -> Values:
    return Values(1, 50_000, read_agencies())


Damage = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    ("endpoint", "kind", "options", "columns"),
    [
        ("dossier-digitized", "short_list", {"n": 3}, {"entries_received": 191, "entries_total": 194}),
        ("dossier-digitized", "repeated_page", {}, {"entries_received": 97, "repeated_entries": 97}),
        ("dvc-progress-tree", "repeated_page", {}, {"entries_received": 97, "repeated_entries": 97}),
        ("transparency", "wrong_envelope_code", {}, {"envelope_code": "INTERNAL_ERROR", "entries_received": 0}),
        ("transparency", "unknown_field", {}, {"unknown_fields": ["verifiedBy"]}),
        ("dvc-progress-tree", "unknown_field", {}, {"unknown_fields": ["verifiedBy"]}),
        ("transparency", "missing_field", {}, {"missing_fields": ["numerator"]}),
        ("dvc-progress-tree", "missing_field", {}, {"missing_fields": ["totalOnTime"]}),
        ("dvc-progress-tree", "missing_field", {"field": "departmentId"}, {"missing_fields": ["departmentId"]}),
        ("transparency", "missing_field", {"field": "metrics"}, {"missing_fields": ["metrics"]}),
        ("transparency", "missing_field", {"field": "score"}, {"missing_unused_fields": ["score"]}),
        ("transparency", "missing_metrics", {"field": "DOSSIER_SYNC,PUBLIC_CONTENT_FULL"},
         {"missing_fields": ["metrics.DOSSIER_SYNC"], "missing_unused_fields": ["metrics.PUBLIC_CONTENT_FULL"]}),
        ("provide-online-tree", "missing_metrics", {"field": "fullCount"}, {"missing_unused_fields": ["fullCount"]}),
        ("provide-online-tree", "missing_metrics", {"field": "channelTotalSum"},
         {"missing_fields": ["channelTotalSum"]}),
        ("dossier-digitized", "wrong_root", {}, {"root_department_code": "H99"}),
        ("transparency", "wrong_root", {}, {"root_department_code": None}),
        ("transparency", "null_number", {}, {}),
        ("transparency", "negative_count", {}, {}),
        ("transparency", "huge_count", {}, {}),
    ],
)  # fmt: skip
def test_hostile_answer_is_described_in_its_columns(
    profile: PortalProfile, values: Values, endpoint: str, kind: str, options: dict[str, Any], columns: dict[str, Any]
) -> None:
    fault = Fault(endpoint=endpoint, kind=kind, **options)
    query = Query(endpoint, Period("year", *YEAR), 1, 200, date(2024, 12, 31))
    body = encode_payload(alter_payload(write_payload(values, alter_query(query, fault)), fault))
    response = parse(profile, endpoint, [body], ROOT_DEPARTMENT_ID, ROOT_CODE).response
    usual: dict[str, Any] = {"is_utf8": True, "is_json": True, "envelope_code": "OK"}
    usual |= dict.fromkeys(("missing_fields", "missing_unused_fields", "unknown_fields"))
    assert {name: response[name] for name in {**usual, **columns}} == {**usual, **columns}
    assert (response["root_department_id"] == ROOT_DEPARTMENT_ID) is (kind not in ("wrong_root", "wrong_envelope_code"))


@pytest.mark.parametrize(
    ("damage", "noted"),
    [
        (lambda metric: metric.pop("numerator"), ["disclosed_in_full.numerator"]),
        (lambda metric: metric.update(numerator=None), ["disclosed_in_full"]),
        (lambda metric: metric.update(numerator=None, denominator=None, ratio=None), ["disclosed_in_full"]),
    ],
)
def test_incomplete_value_of_an_unused_metric_is_no_row(
    profile: PortalProfile, values: Values, damage: Callable[[dict[str, Any]], object], noted: list[str]
) -> None:
    payload = write_payload(values, Query("transparency", Period("year", *YEAR), 1, 200, date(2024, 12, 31)))
    for metric in payload["data"]["overview"]["metrics"]:
        if metric["code"] == "PUBLIC_CONTENT_FULL":
            damage(metric)
    parsed = parse(profile, "transparency", [encode_payload(payload)], ROOT_DEPARTMENT_ID, ROOT_CODE)
    assert (parsed.response["missing_fields"], parsed.response["missing_unused_fields"]) == (None, noted)
    assert "disclosed_in_full" not in {row["metric"] for row in parsed.rows}


def test_null_of_a_used_metric_stays_a_row(profile: PortalProfile, values: Values) -> None:
    payload = write_payload(values, Query("transparency", Period("year", *YEAR), 1, 200, date(2024, 12, 31)))
    payload["data"]["overview"]["metrics"][0]["numerator"] = None
    parsed = parse(profile, "transparency", [encode_payload(payload)], ROOT_DEPARTMENT_ID, ROOT_CODE)
    assert parsed.response["missing_unused_fields"] is None
    assert [row["metric"] for row in parsed.rows if row["numerator"] is None] == ["published_on_time"]


@pytest.mark.parametrize(
    ("damage", "is_utf8"),
    [
        (lambda body: body[: len(body) * 2 // 3], True),
        (lambda body: body[:-1], True),
        (lambda body: body + body, True),
        (lambda body: b"[" + body + b"]", True),
        (lambda body: b"", True),
        (lambda body: body.decode().encode("latin-1", "replace"), False),
        (lambda body: body.decode().encode("utf-16"), False),
        (lambda body: body.replace(b"UBND", rb"\u0000"), False),
        (lambda body: body.replace(b"UBND", rb"\ud800"), False),
    ],
    ids=["cut", "short by one", "twice", "list", "empty", "latin-1", "utf-16", "nul", "lone surrogate"],
)
def test_broken_body_gives_no_rows_and_shows_whether_its_encoding_is_wrong(
    profile: PortalProfile, values: Values, damage: Damage, is_utf8: bool
) -> None:
    query = Query("transparency", Period("year", *YEAR), 1, 200, date(2024, 12, 31))
    body = damage(encode_payload(write_payload(values, query)))
    parsed = parse(profile, "transparency", [body], ROOT_DEPARTMENT_ID, ROOT_CODE)
    assert parsed.rows == []
    assert (parsed.response["is_utf8"], parsed.response["is_json"]) == (is_utf8, not is_utf8)


def test_pages_are_parsed_as_one_list(profile: PortalProfile, values: Values) -> None:
    bodies = [
        encode_payload(write_payload(values, Query("dossier-digitized", Period("year", *YEAR), number, 60, YEAR[1])))
        for number in (1, 2, 3, 4)
    ]
    whole = parse(profile, "dossier-digitized", bodies, ROOT_DEPARTMENT_ID, ROOT_CODE)
    assert (whole.response["entries_received"], whole.response["entries_total"]) == (194, 194)
    assert len(whole.rows) == 7 * 195
    assert [row["row_no"] for row in whole.rows] == list(range(1, 7 * 195 + 1))
    for lost in range(4):
        part = parse(profile, "dossier-digitized", bodies[:lost] + bodies[lost + 1 :], ROOT_DEPARTMENT_ID, ROOT_CODE)
        assert part.response["entries_received"] < part.response["entries_total"]
