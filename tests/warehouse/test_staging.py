"""stage: all that was received goes into typed tables."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from cchc.sources.raw_archive import ArchiveError
from cchc.warehouse.staging import is_staged
from tests.sources.hostile_bodies import HOSTILE_TEXTS, hostile_answers, spoil
from tests.warehouse.pipeline import Pipeline, answer

STATISTIC = "staging.national_portal_statistic"
RESPONSE = "staging.national_portal_response"


def test_load_is_staged_row_by_row(pipeline: Pipeline) -> None:
    load = pipeline.keep("dossier-digitized", answer("dossier-digitized"))
    assert pipeline.stage(load) == 7 * 201
    assert pipeline.count(STATISTIC) == 7 * 201
    assert pipeline.query(f"select distinct load_id from {STATISTIC}") == [(load.load_id,)]
    assert pipeline.query(f"select entries_received, expected_root_code from {RESPONSE}") == [(200, "H58")]
    with pipeline.connect() as connection:
        assert is_staged(connection, pipeline.profile, load)


def test_staging_again_replaces_the_rows_and_the_rule_violations_of_this_load_only(pipeline: Pipeline) -> None:
    load = pipeline.prepare(pipeline.keep("dvc-progress-tree", answer("dvc-progress-tree")))
    other = pipeline.prepare(pipeline.keep("provide-online-tree", answer("provide-online-tree")))
    pipeline.stage(load)
    assert pipeline.count(STATISTIC) == 201 + 2
    assert pipeline.query("select distinct load_id from staging.rule_violation") == [(other.load_id,)]


def test_lost_bytes_are_not_staged(pipeline: Pipeline) -> None:
    load = pipeline.keep("dvc-progress-tree", answer("dvc-progress-tree"))
    (load.capture.folder / "page-001.json.gz").unlink()
    with pytest.raises(ArchiveError):
        pipeline.stage(load)
    assert pipeline.count(RESPONSE) == 0


@pytest.mark.parametrize(
    ("endpoint", "place"),
    [
        ("dossier-digitized", ("code",)),
        ("dossier-digitized", ("data", "pagination", "total")),
        ("dossier-digitized", ("data", "overview", "departmentId")),
        ("dossier-digitized", ("data", "evaluation", 0, "metrics", 0, "code")),
        ("dossier-digitized", ("data", "evaluation", 0, "metrics", 0, "numerator")),
        ("dvc-progress-tree", ("data", "children", 0, "totalReceived")),
        ("dvc-progress-tree", ("data", "children", 0, "departmentName")),
    ],
)
def test_no_value_anywhere_keeps_a_response_out_of_staging(
    pipeline: Pipeline, endpoint: str, place: tuple[str | int, ...]
) -> None:
    failures = {}
    for text in HOSTILE_TEXTS:
        load = pipeline.keep(endpoint, spoil(endpoint, {place: text}))
        try:
            pipeline.stage(load)
        except Exception as error:  # noqa: BLE001 - all that fail, not the first
            failures[text[:30]] = repr(error)[:200]
    assert failures == {}
    assert pipeline.count(RESPONSE) == len(HOSTILE_TEXTS)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(hostile=hostile_answers())
def test_database_takes_every_parsed_row(pipeline: Pipeline, hostile: tuple[str, list[bytes]]) -> None:
    endpoint, bodies = hostile
    load = pipeline.keep(endpoint, b"".join(bodies))
    rows = pipeline.stage(load)
    staged = pipeline.query(f"select count(*) from {STATISTIC} where load_id = %s", [load.load_id])
    assert staged == [(rows,)]
