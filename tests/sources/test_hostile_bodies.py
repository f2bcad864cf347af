"""parse_pages never raises: mistakes of a body become columns. (tests/warehouse stages such bodies.)"""

from __future__ import annotations

from datetime import date

from hypothesis import HealthCheck, given, settings

from cchc.settings import SOURCES
from cchc.sources.parsed_load import ParsedLoad
from cchc.sources.profile import read_profile
from cchc.sources.window import Window
from simulator.agencies import ROOT_CODE, ROOT_DEPARTMENT_ID
from simulator.wire import encode_payload
from tests.sources.hostile_bodies import hostile_answers, spoil, write_small_payload

PROFILE = read_profile(SOURCES / "national_portal.yaml").api


def parse(endpoint: str, *bodies: bytes) -> ParsedLoad:
    assert PROFILE
    window = Window(endpoint, "year", date(2024, 1, 1), date(2024, 12, 31))
    return PROFILE.parse_pages(window, bodies, {"rootDepartmentId": ROOT_DEPARTMENT_ID}, ROOT_CODE)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(answer=hostile_answers())
def test_hostile_answer_is_parsed_into_the_same_columns(answer: tuple[str, list[bytes]]) -> None:
    endpoint, bodies = answer
    good = parse(endpoint, encode_payload(write_small_payload(endpoint)))
    parsed = parse(endpoint, *bodies)
    assert parsed.response.keys() == good.response.keys()
    for number, row in enumerate(parsed.rows, 1):
        assert row.keys() == good.rows[0].keys()
        assert row["row_no"] == number


def test_nesting_of_any_depth_is_parsed_or_is_no_json() -> None:
    numerator = ("data", "overview", "metrics", 0, "numerator")
    for depth in (1, 100, *range(800, 1000, 2), 10_000, 100_000):
        parsed = parse("dossier-digitized", spoil("dossier-digitized", {numerator: "[" * depth + "]" * depth}))
        assert parsed.response["is_json"] is False or parsed.rows[0]["not_a_number"]
