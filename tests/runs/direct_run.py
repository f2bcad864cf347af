"""A run without Airflow's own work: the tasks of its DAGs in their order, each as a call in this process.

It takes about half the time of the DAGs. tests/runs/test_repeated_runs.py holds that both end in the same
warehouse; whatever depends on Airflow (retries, callbacks, logs, signals) is tested by the DAGs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import uuid4

from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.execution_time.context import set_current_context

from cchc.settings import read_now
from cchc.tasks import alerts, attainment, ingest

log = logging.getLogger(__name__)


def run_tasks(day: date, sources: Iterable[str]) -> dict[str, str]:
    """Run the tasks of the ingests of ``sources``, then those of attainment; returns the state of each DAG."""
    states = {}
    for source in sorted(sources):
        with _open_run(f"ingest_{source}", day, ("date",)):
            states[f"ingest_{source}"] = _ingest(source)
    with _open_run("attainment", day, ("date", "through")):
        states["attainment"] = _compute()
    return states


@contextmanager
def _open_run(dag_id: str, day: date, parameters: tuple[str, ...]) -> Iterator[None]:
    """Have the tasks find themselves in a run for ``day`` that a person started."""
    now = read_now()
    run = SimpleNamespace(
        dag_id=dag_id, run_id=f"direct__{uuid4()}", partition_key=None, run_type="manual", logical_date=None,
        run_after=now, start_date=now, clear_number=0,
    )  # fmt: skip
    params = dict.fromkeys(parameters) | {"date": day.isoformat()}
    context: Any = {"dag": SimpleNamespace(dag_id=dag_id, params=params), "dag_run": run, "params": params}
    with set_current_context(context):
        yield


class _Ended(NamedTuple):
    """The state of a task, as Airflow names it, and its result."""

    state: str
    result: Any = None


def _ingest(source: str) -> str:
    """The state of an ingest: that of its last task."""
    planned = _call(ingest.plan_loads, source).result
    groups = planned or []
    for task in (partial(ingest.fetch_loads, source), ingest.stage_loads):
        groups = _map(task, groups)
    published = _map(ingest.publish_loads, _call(ingest.audit_loads, groups).result or [])
    _call(ingest.report_dirty_dates, source)
    return "failed" if _call(ingest.close_source, source, planned, published).state == "failed" else "success"


def _map(task: Callable[..., Any], groups: list[Any]) -> list[Any]:
    """The results of a mapped task, without those that failed."""
    return [ended.result for ended in (_call(task, group) for group in groups) if ended.state == "success"]


def _compute() -> str:
    """The state of the attainment: a failed task keeps those behind it back, a skipped one skips them."""
    for task in (attainment.wait_for_sources, attainment.sync_catalog, attainment.compute_days):
        if (state := _call(task).state) != "success":
            return "failed" if state == "failed" else "success"
    late = _call(attainment.report_late_sources).state
    alerted = _call(alerts.evaluate_alerts).state
    if alerted == "success":
        alerted = _call(alerts.deliver_alerts).state
    return "failed" if "failed" in (late, alerted) else "success"


def _call(task: Callable[..., Any], *arguments: Any) -> _Ended:
    try:
        return _Ended("success", task(*arguments))
    except AirflowSkipException as why:
        log.info("skipped: %s", why)
        return _Ended("skipped")
    except Exception:  # as for Airflow, every exception is a failure of its task
        log.exception("a task failed")
        return _Ended("failed")
