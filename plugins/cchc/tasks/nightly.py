"""Runs by hand, for ``make nightly``: the DAG objects of the scheduler, one after another in this process."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, ExceptionRetryPolicy
from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.definitions.mappedoperator import MappedOperator
from airflow.sdk.execution_time import supervisor
from airflow.sdk.log import redact  # type: ignore[attr-defined]  # defined elsewhere, not re-exported
from airflow.settings import configure_orm, dispose_orm
from sqlalchemy.exc import SQLAlchemyError

from cchc.settings import CHECKOUT
from cchc.tasks.context import read_login
from cchc.tasks.interruption import noting_signals
from cchc.tasks.task_log import writing_task_log
from cchc.warehouse.connection import connect

if TYPE_CHECKING:
    from airflow.sdk.api.datamodels._generated import TaskInstance
    from airflow.sdk.execution_time.supervisor import TaskRunResult

log = logging.getLogger(__name__)


class DagRunError(Exception):
    """A run by hand that can't begin or go on; the message gives the reason."""


def load_dags(sources: Collection[str] = ()) -> list[DAG]:
    """The DAGs of a data date in their order: every ingest, or those of ``sources``, then attainment.

    An unreadable file that has none of them is named and skipped, as by the scheduler. Raises DagRunError.
    """
    bag = DagBag(CHECKOUT / "dags")
    mistakes = [f"{file}: {trace.strip().splitlines()[-1]}" for file, trace in sorted(bag.import_errors.items())]
    dags = sorted(bag.dags.items())
    ingests = {dag_id.removeprefix("ingest_"): dag for dag_id, dag in dags if dag_id.startswith("ingest_")}
    if mistakes and not (ingests and "attainment" in bag.dags):
        raise DagRunError(
            "\n".join(["no DAG was run, since not all can be read (make validate shows more):", *mistakes])
        )
    for mistake in mistakes:
        log.warning("%s (this file is skipped)", mistake)
    unknown = set(sources) - ingests.keys()
    if unknown:
        raise DagRunError(f"no source {', '.join(sorted(unknown))}: there are {', '.join(ingests)}")
    return [*(dag for source, dag in ingests.items() if not sources or source in sources), bag.dags["attainment"]]


def run_dags(day: date, sources: Collection[str] = ()) -> dict[str, str]:
    """Run the DAGs for the data date ``day``; returns the state of each. ``sources``: only their ingests.

    A failed ingest doesn't keep the others back. Ctrl-C, SIGTERM or SIGHUP end the runs soon, by KeyboardInterrupt or
    SystemExit; repeated, they end as if there had been no interruption. Raises DagRunError.
    """
    _show_progress()
    states = {}
    try:
        with noting_signals() as leave_if_noted, _running_tasks_by(partial(_run_task, leave_if_noted)):
            for dag in load_dags(sources):
                started = time.monotonic()
                dag.deadline = None  # a run by hand has no hour, and dag.test() fails on one (apache/airflow#73428)
                for task in dag.tasks:
                    _retry_at_once(task)
                run = dag.test(run_conf={"date": day.isoformat()})
                leave_if_noted()
                states[dag.dag_id] = str(run.state)
                log.info("%s of %s: %s in %.1f s", dag.dag_id, day, run.state, time.monotonic() - started)
    except (SQLAlchemyError, OSError) as error:
        why = str(getattr(error, "orig", error)).strip().partition("\n")[0]
        text = f"the run of {day} broke off: {why}. Published rows stay; correct that and run it again"
        raise DagRunError(text) from error
    finally:
        dispose_orm()  # no connection is left behind for the embedded database to cut
    configure_orm()  # type: ignore[no-untyped-call]
    return states


def list_troubles(since: datetime) -> list[str]:
    """The errors of the ledger's loads that weren't published since then."""
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
    logging.getLogger("airflow.sdk.definitions.dag").setLevel(
        logging.ERROR
    )  # it warns about tasks that will be skipped


@contextmanager
def _running_tasks_by(run: Callable[..., TaskRunResult]) -> Iterator[None]:
    """Have ``dag.test`` run each try of a task by ``run``, whose first argument is Airflow's own function for it."""
    airflows: Callable[..., TaskRunResult] = supervisor.run_task_in_process
    supervisor.run_task_in_process = partial(run, airflows)
    try:
        yield
    finally:
        supervisor.run_task_in_process = airflows


def _run_task(
    leave_if_noted: Callable[[], None], run: Callable[..., TaskRunResult], ti: TaskInstance, **about: Any
) -> TaskRunResult:
    """One try of a task: its lines go to its log; the terminal shows why it failed."""
    leave_if_noted()
    with writing_task_log(ti) as path:
        result = run(ti=ti, **about)
    leave_if_noted()
    if result.error is not None:
        name = ti.task_id if ti.map_index in (None, -1) else f"{ti.task_id}[{ti.map_index}]"
        why = f"{type(result.error).__name__}: {result.error}\nits log: {path}"
        log.error("%s, %s: %s", ti.dag_id, name, str(redact(why)).replace("\n", "\n          "))
    return result


def _retry_at_once(task: BaseOperator | MappedOperator) -> None:
    """Take away the delays of retries, the task's own and those of its policy: somebody waits at the terminal."""
    task.retry_delay = timedelta(0)
    if isinstance(task.retry_policy, ExceptionRetryPolicy):
        task.retry_policy = drop_delays(task.retry_policy)


def drop_delays(policy: ExceptionRetryPolicy) -> ExceptionRetryPolicy:
    """The policy without the delays of its rules: the task's delay counts."""
    return ExceptionRetryPolicy([replace(rule, retry_delay=None) for rule in policy.rules], policy.default)
