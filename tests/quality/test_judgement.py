"""ensure_judged and judge: what a load lacks before publish is made again from its archived bytes."""

from __future__ import annotations

import pytest

from cchc.quality.judgement import ensure_judged, judge
from cchc.sources.load import Load
from simulator.agencies import ROOT_CODE
from tests.warehouse.pipeline import RUN, Pipeline, answer

PROGRESS = "dvc-progress-tree"
STAGING = "staging.national_portal_response, staging.national_portal_statistic, staging.rule_violation"


@pytest.fixture
def load(pipeline: Pipeline) -> Load:
    return pipeline.keep(PROGRESS, answer(PROGRESS, kind="negative_count", n=2))


def ensure(pipeline: Pipeline, load: Load) -> None:
    with pipeline.connect() as connection:
        ensure_judged(connection, pipeline.login, pipeline.profile, [load], ROOT_CODE, RUN)


def list_audits(pipeline: Pipeline) -> list[tuple[object, ...]]:
    return pipeline.query("select distinct checked_at from ops.expectation_result")


def assert_judged(pipeline: Pipeline, load: Load) -> None:
    """Two rows are rejected, as the answer has them, and the load is published."""
    outcome = pipeline.publish(load)
    assert (outcome.status, outcome.quarantined) == ("published", 2)


def test_new_load_is_staged_and_audited(pipeline: Pipeline, load: Load) -> None:
    ensure(pipeline, load)
    assert_judged(pipeline, load)


def test_load_that_is_staged_alone_is_audited(pipeline: Pipeline, load: Load) -> None:
    pipeline.stage(load)
    ensure(pipeline, load)
    assert_judged(pipeline, load)


def test_load_without_its_rule_violations_is_audited_again(pipeline: Pipeline, load: Load) -> None:
    pipeline.prepare(load)
    pipeline.execute("truncate staging.rule_violation")
    ensure(pipeline, load)
    assert_judged(pipeline, load)


def test_load_that_a_crash_of_the_database_emptied_is_staged_again(pipeline: Pipeline, load: Load) -> None:
    pipeline.prepare(load)
    pipeline.execute(f"truncate {STAGING}")
    ensure(pipeline, load)
    assert_judged(pipeline, load)


def test_judged_load_is_judged_again_only_by_judge(pipeline: Pipeline, load: Load) -> None:
    pipeline.prepare(load)
    before = list_audits(pipeline)
    ensure(pipeline, load)
    assert list_audits(pipeline) == before
    with pipeline.connect() as connection:
        judge(connection, pipeline.login, pipeline.profile, [load], ROOT_CODE, RUN)
    assert list_audits(pipeline) != before
