"""retry_loads: stopped loads are audited again from the same bytes, and leave nothing of the first audit."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from cchc.local import LocalError
from cchc.local.retry import REASON, retry, retry_loads
from cchc.settings import SOURCES
from cchc.sources.profile import read_profile
from cchc.sources.raw_archive import Archive
from tests.conftest import Warehouse
from tests.warehouse.pipeline import DAY, Pipeline, answer

ENDPOINT = "dvc-progress-tree"
LEDGER = "select status, received_rows, accepted_rows, quarantined_rows, stop_rules, error from ops.load"
QUARANTINE = "select row_key, rules from ops.quarantine order by row_no"


@pytest.fixture
def pipeline(warehouse: Warehouse, tmp_path: Path) -> Pipeline:
    archive = Archive(tmp_path / "archive", "national_portal", "H58")
    return Pipeline(warehouse, archive, read_profile(SOURCES / "national_portal.yaml"))


def stop(pipeline: Pipeline) -> None:
    """Stop a load of which one row in three is bad."""
    payload = answer(ENDPOINT)
    for entry in payload["data"]["children"][::3]:
        entry["totalOnTime"] = -1
    assert pipeline.run(ENDPOINT, payload).status == "stopped"


def test_retried_load_is_published_where_the_rules_let_it(pipeline: Pipeline) -> None:
    stop(pipeline)
    with pipeline.connect() as connection:
        *loads, advice = retry_loads(connection, "national_portal", DAY)
    assert len(loads) == 1
    assert loads[0].startswith(f"{ENDPOINT}, 2024-01-01 to {DAY} (load ")
    assert advice == f"1 stopped loads: make nightly DATE={DAY} SOURCES=national_portal audits them again"
    assert pipeline.query(LEDGER) == [("failed", 0, 0, 0, [], REASON)]
    assert pipeline.count("ops.quarantine") == pipeline.count("ops.expectation_result") == 0
    (capture,) = pipeline.archive.find(f"{ENDPOINT}.2024", DAY)

    pipeline.profile = pipeline.profile.model_copy(update={"max_rejected_share": 1})
    outcome = pipeline.run(ENDPOINT, capture.read_bodies()[0])
    assert (outcome.status, pipeline.count("ops.load")) == ("published", 1)
    assert pipeline.query("select count(*) from ops.quarantine where resolved_at is null") == [(outcome.quarantined,)]


def test_retried_load_is_stopped_again_where_nothing_has_changed(pipeline: Pipeline) -> None:
    stop(pipeline)
    before = pipeline.query(LEDGER), pipeline.query(QUARANTINE)
    with pipeline.connect() as connection:
        retry_loads(connection, "national_portal", DAY)
    stop(pipeline)
    assert (pipeline.query(LEDGER), pipeline.query(QUARANTINE)) == before


@pytest.mark.parametrize(("source", "day"), [("eoffice", DAY), ("national_portal", DAY - timedelta(days=1))])
def test_day_without_a_stopped_load_is_an_error(pipeline: Pipeline, source: str, day: date) -> None:
    stop(pipeline)
    with pipeline.connect() as connection, pytest.raises(LocalError, match=f"{source} has no stopped load of {day}"):
        retry_loads(connection, source, day)
    assert pipeline.query("select status from ops.load") == [("stopped",)]


def test_unknown_source_is_an_error_that_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="no source 'office': there are eoffice, national_portal"):
        retry(tmp_path, "office", "2024-06-30")
