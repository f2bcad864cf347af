"""Judgement: loads are audited together; what one lacks before publish is made again from its archived bytes."""

from __future__ import annotations

from uuid import UUID

import pytest

from cchc.quality import audit
from cchc.quality.audit import AuditError
from cchc.quality.judgement import ensure_judged, judge, judge_all
from cchc.sources.load import Load
from simulator.agencies import ROOT_CODE
from tests.warehouse.pipeline import RUN, Pipeline, answer

PROGRESS = "dvc-progress-tree"
DIGITIZED = "dossier-digitized"
CHECKED = """
select max(checked_rows), sum(unexpected_rows)::int, bool_and(is_success) from ops.expectation_result where rule_id = %s
group by load_id order by 1
"""
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


def prepare_two(pipeline: Pipeline, load: Load) -> list[Load]:
    """The load with two bad rows, and a good one of another endpoint; neither is audited."""
    loads = [load, pipeline.keep(DIGITIZED, answer(DIGITIZED))]
    for one in loads:
        pipeline.stage(one)
    return loads


def judge_both(pipeline: Pipeline, loads: list[Load]) -> dict[UUID, str]:
    with pipeline.connect() as connection:
        return judge_all(connection, pipeline.login, pipeline.profile, loads, ROOT_CODE, RUN)


def test_loads_that_are_judged_together_have_results_of_their_own(
    pipeline: Pipeline, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    suites, run_suite = [], audit.run_suite
    monkeypatch.setattr(audit, "run_suite", lambda url, name: suites.append(name) or run_suite(url, name))
    loads = prepare_two(pipeline, load)
    assert judge_both(pipeline, loads) == {}
    assert suites == list(pipeline.profile.suites)
    assert pipeline.query(CHECKED, ["negative_count"]) == [(201, 2, False), (1407, 0, True)]
    assert [pipeline.publish(one).quarantined for one in loads] == [2, 0]


def test_load_that_cannot_be_judged_stops_no_other(pipeline: Pipeline, load: Load) -> None:
    lost, good = prepare_two(pipeline, load)
    pipeline.execute(f"delete from staging.national_portal_response where load_id = '{lost.load_id}'")
    (lost.capture.folder / "page-001.json.gz").unlink()
    failures = judge_both(pipeline, [lost, good])
    assert set(failures) == {lost.load_id}
    assert pipeline.publish(good).status == "published"


def test_rule_that_cannot_be_evaluated_fails_each_load_with_its_name(
    pipeline: Pipeline, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = prepare_two(pipeline, load)

    def fail(*_: object) -> None:
        raise AuditError("suite s, rule r: no such column")

    monkeypatch.setattr(audit, "run_suite", fail)
    assert judge_both(pipeline, loads) == {one.load_id: "suite s, rule r: no such column" for one in loads}
