"""list_lost_loads: the loads that a withdrawal has left without rows, and no others that have failed."""

from __future__ import annotations

from cchc.warehouse.withdrawal import list_lost_loads
from tests.warehouse.pipeline import Pipeline, answer

DIGITIZED = "dossier-digitized"
PROGRESS = "dvc-progress-tree"
# The state in which a withdrawal leaves a published load, and make retry a stopped one.
FAILED = "update ops.load set status = 'failed', received_rows = 0, accepted_rows = 0, quarantined_rows = 0"


def test_load_that_was_published_is_lost_and_one_that_was_stopped_is_not(pipeline: Pipeline) -> None:
    lost = pipeline.prepare(pipeline.keep(PROGRESS, answer(PROGRESS)))
    assert pipeline.publish(lost).status == "published"
    assert pipeline.run(DIGITIZED, answer(DIGITIZED, kind="short_list")).status == "stopped"
    pipeline.execute(FAILED)
    with pipeline.connect() as connection:
        assert [load.load_id for load in list_lost_loads(connection)] == [lost.load_id]
