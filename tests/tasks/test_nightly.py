"""load_dags: each mistake that keeps a run by hand from beginning is a line of its error."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from airflow.sdk import RetryAction

from cchc.tasks import nightly
from cchc.tasks.policy import RETRY_POLICY

THREE_DAGS = """
from airflow.sdk import DAG
attainment, b, a = (DAG(dag_id) for dag_id in ("attainment", "ingest_b", "ingest_a"))
"""


@pytest.fixture
def dags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of another checkout's DAGs."""
    monkeypatch.setattr(nightly, "CHECKOUT", tmp_path)
    (tmp_path / "dags").mkdir()
    return tmp_path / "dags"


def test_dag_that_cannot_be_read_is_named_without_its_traceback(dags):
    (dags / "broken.py").write_text("from airflow.sdk import DAG\nraise ValueError('no cron')\n")
    with pytest.raises(nightly.DagRunError, match=r"^no DAG was run.*\n.*broken\.py: ValueError: no cron$"):
        nightly.load_dags()


def test_broken_file_of_somebody_else_is_named_and_stops_no_run(dags, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("cchc"), "propagate", True)
    (dags / "known.py").write_text(THREE_DAGS.replace('"ingest_b"', '"their_ingest_b"'))
    (dags / "broken.py").write_text("from airflow.sdk import DAG\nraise ValueError('no cron')\n")
    assert [dag.dag_id for dag in nightly.load_dags()] == ["ingest_a", "attainment"]
    assert "broken.py: ValueError: no cron (this file is skipped)" in caplog.text


def test_unknown_source_is_named_with_those_that_there_are(dags):
    (dags / "known.py").write_text(THREE_DAGS)
    with pytest.raises(nightly.DagRunError, match=r"^no source c, d: there are a, b$"):
        nightly.load_dags(["d", "a", "c"])


def test_sources_are_run_in_their_order_before_the_attainment(dags):
    (dags / "known.py").write_text(THREE_DAGS)
    assert [dag.dag_id for dag in nightly.load_dags()] == ["ingest_a", "ingest_b", "attainment"]
    assert [dag.dag_id for dag in nightly.load_dags(["b"])] == ["ingest_b", "attainment"]


def test_no_rule_of_the_policy_delays_a_retry_at_the_keyboard():
    assert any(rule.retry_delay for rule in RETRY_POLICY.rules)
    kept = nightly.drop_delays(RETRY_POLICY)
    assert [(rule.exception, rule.action, rule.retry_delay) for rule in kept.rules] == [
        (rule.exception, rule.action, None) for rule in RETRY_POLICY.rules
    ]
    assert kept.default == RetryAction.FAIL
