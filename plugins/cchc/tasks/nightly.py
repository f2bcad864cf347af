"""One night by hand: the same DAG objects that the scheduler runs, one after another in this process."""

from __future__ import annotations

import logging
import time
from datetime import date, datetime, timedelta

from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.definitions.mappedoperator import MappedOperator
from airflow.settings import configure_orm, dispose_orm

from cchc.settings import CHECKOUT
from cchc.tasks.context import read_login
from cchc.warehouse.connection import connect

log = logging.getLogger(__name__)


class DagImportError(Exception):
    """A DAG file that can't be imported; the message is its traceback."""


def load_dags() -> list[DAG]:
    """The DAGs of a night in their order: every ingest, then the attainment."""
    bag = DagBag(CHECKOUT / "dags")
    if bag.import_errors:
        raise DagImportError("\n".join(bag.import_errors.values()))
    ingests = [dag for dag_id, dag in sorted(bag.dags.items()) if dag_id.startswith("ingest_")]
    return [*ingests, bag.dags["attainment"]]


def run_night(day: date) -> dict[str, str]:
    """Run the night of ``day``; returns the state of each DAG's run. A failed ingest doesn't keep the others back."""
    _show_progress()
    states = {}
    for dag in load_dags():
        started = time.monotonic()
        for task in dag.tasks:
            _retry_at_once(task)
        run = dag.test(run_conf={"date": day.isoformat()})
        states[dag.dag_id] = str(run.state)
        log.info("%s of %s: %s in %.1f s", dag.dag_id, day, run.state, time.monotonic() - started)
    dispose_orm()  # no connection is left behind for the embedded database to cut
    configure_orm()  # type: ignore[no-untyped-call]
    return states


def list_troubles(since: datetime) -> list[str]:
    """What the ledger says of the loads that weren't published since then, in words."""
    with connect(read_login()) as connection:
        rows = connection.execute(
            "select error from ops.load where status <> 'published' and finished_at >= %s order by finished_at", [since]
        ).fetchall()
    return [error for (error,) in rows]


def _show_progress() -> None:
    """Our lines to standard error as they are; Airflow's handlers, which would repeat them, don't get them."""
    logger = logging.getLogger("cchc")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False


def _retry_at_once(task: BaseOperator | MappedOperator) -> None:
    """Nobody waits at the keyboard for a retry's delay."""
    task.retry_delay = timedelta(0)
