"""A load with thousands of bad rows: the quarantine has every one of them."""

from __future__ import annotations

import pytest

from tests.warehouse.pipeline import Pipeline, answer

PROGRESS = "dvc-progress-tree"


@pytest.mark.parametrize(("good", "status"), [(94_799, "published"), (0, "stopped")])
def test_five_thousand_bad_rows_are_five_thousand_rows_in_quarantine(
    pipeline: Pipeline, good: int, status: str
) -> None:
    outcome = pipeline.run(PROGRESS, answer(PROGRESS, kind="many_bad_rows", n=5000, good=good))
    assert outcome.status == status
    assert outcome.received == 201 + 5000 + good == outcome.accepted + outcome.quarantined
    stopped = ["load_stopped:too_many_rejected"] if status == "stopped" else []
    expected = {("negative_count", *stopped): 5000}
    if stopped:
        expected[*stopped,] = 201
    rules = pipeline.query("select rules, count(*), count(distinct row_key) from ops.quarantine group by rules")
    assert {tuple(names): count for names, count, _ in rules} == expected
    assert {tuple(names): count for names, _, count in rules} == expected
    assert pipeline.query(
        "select unexpected_rows from ops.expectation_result where expectation like '%between(numerator)'"
        " and rule_id = 'negative_count'"
    ) == [(5000,)]
    assert pipeline.count("core.portal_statistic") == outcome.accepted
