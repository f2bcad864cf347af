"""Reading never raises, whatever comes: what is wrong becomes columns. (Staged for real: tests/warehouse.)"""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from cchc.settings import SOURCES
from cchc.sources.parsed_load import Reading
from cchc.sources.profile import read_profile
from cchc.sources.protocols.portal import read_bodies
from simulator.agencies import ROOT_CODE, ROOT_DEPARTMENT_ID
from simulator.wire import encode_payload
from tests.sources.hostile_bodies import hostile_answers, spoil, write_small_payload

PROFILE = read_profile(SOURCES / "national_portal.yaml")


def read(endpoint: str, *bodies: bytes) -> Reading:
    return read_bodies(PROFILE, endpoint, list(bodies), ROOT_DEPARTMENT_ID, ROOT_CODE)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(answer=hostile_answers())
def test_whatever_comes_is_read_into_the_same_columns(answer: tuple[str, list[bytes]]) -> None:
    endpoint, bodies = answer
    good = read(endpoint, encode_payload(write_small_payload(endpoint)))
    reading = read(endpoint, *bodies)
    assert reading.response.keys() == good.response.keys()
    for number, row in enumerate(reading.rows, 1):
        assert row.keys() == good.rows[0].keys()
        assert row["row_no"] == number


def test_nesting_of_any_depth_is_read_or_refused() -> None:
    numerator = ("data", "overview", "metrics", 0, "numerator")
    for depth in (1, 100, *range(800, 1000, 2), 10_000, 100_000):
        reading = read("dossier-digitized", spoil("dossier-digitized", {numerator: "[" * depth + "]" * depth}))
        assert reading.response["is_json"] is False or reading.rows[0]["not_a_number"]
