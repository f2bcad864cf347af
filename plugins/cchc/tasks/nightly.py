"""One night by hand: the same DAG objects that the scheduler runs, one after another in this process."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from types import FrameType
from typing import NoReturn

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


class UnknownSourceError(Exception):
    """A source without a profile; the message names those that there are."""


def load_dags(sources: Collection[str] = ()) -> list[DAG]:
    """The DAGs of a night in their order: every ingest, or those of ``sources``, then the attainment.

    Raises DagImportError, UnknownSourceError.
    """
    bag = DagBag(CHECKOUT / "dags")
    if bag.import_errors:
        raise DagImportError("\n".join(bag.import_errors.values()))
    ingests = {dag_id.removeprefix("ingest_"): dag for dag_id, dag in sorted(bag.dags.items()) if "ingest_" in dag_id}
    unknown = set(sources) - ingests.keys()
    if unknown:
        raise UnknownSourceError(f"no source {', '.join(sorted(unknown))}: there are {', '.join(ingests)}")
    return [*(dag for source, dag in ingests.items() if not sources or source in sources), bag.dags["attainment"]]


def run_night(day: date, sources: Collection[str] = ()) -> dict[str, str]:
    """Run the night of ``day``, of ``sources`` only if any are named; returns the state of each DAG's run.

    A failed ingest doesn't keep the others back.

    Raises KeyboardInterrupt soon after Ctrl-C; run again, the night ends as if it had not been interrupted.
    """
    _show_progress()
    states = {}
    with _noting_interrupt() as stop_if_interrupted:
        for dag in load_dags(sources):
            started = time.monotonic()
            dag.deadline = None  # a night by hand has no hour, and dag.test() fails on one (apache/airflow#73428)
            for task in dag.tasks:
                _retry_at_once(task)
                _run_first(task, stop_if_interrupted)
            run = dag.test(run_conf={"date": day.isoformat()})
            stop_if_interrupted()
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


@contextmanager
def _noting_interrupt() -> Iterator[Callable[..., None]]:
    """Ctrl-C ends the night: Airflow takes it for the failure of the task at hand and would go on with the next one.

    Gives a function that raises KeyboardInterrupt, whatever it is called with, once there was one.
    """
    interrupted = threading.Event()

    def note(number: int, frame: FrameType | None) -> NoReturn:
        interrupted.set()
        signal.default_int_handler(number, frame)

    def stop_if_interrupted(*_: object) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, note)
    try:
        yield stop_if_interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def _run_first(task: BaseOperator | MappedOperator, check: Callable[..., None]) -> None:
    if isinstance(task, MappedOperator):
        task.partial_kwargs["pre_execute"] = check
    else:
        task._pre_execute_hook = check  # a task that exists takes no constructor's argument any more


def _retry_at_once(task: BaseOperator | MappedOperator) -> None:
    """Nobody waits at the keyboard for a retry's delay."""
    task.retry_delay = timedelta(0)
