"""One night by hand: the same DAG objects that the scheduler runs, one after another in this process."""

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
from airflow.sdk.log import redact  # type: ignore[attr-defined]  # told there, not re-exported
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


class NightError(Exception):
    """A run by hand that can't begin or go on; the message says why to the person at the keyboard."""


def load_dags(sources: Collection[str] = ()) -> list[DAG]:
    """The DAGs of a night in their order: every ingest, or those of ``sources``, then the attainment.

    A file that can't be read, and has none of them, is named and passed over, as the scheduler does. Raises NightError.
    """
    bag = DagBag(CHECKOUT / "dags")
    mistakes = [f"{file}: {told.strip().splitlines()[-1]}" for file, told in sorted(bag.import_errors.items())]
    dags = sorted(bag.dags.items())
    ingests = {dag_id.removeprefix("ingest_"): dag for dag_id, dag in dags if dag_id.startswith("ingest_")}
    if mistakes and not (ingests and "attainment" in bag.dags):
        raise NightError("\n".join(["no DAG was run, since not all can be read (make validate says more):", *mistakes]))
    for mistake in mistakes:
        log.warning("%s (this file is passed over)", mistake)
    unknown = set(sources) - ingests.keys()
    if unknown:
        raise NightError(f"no source {', '.join(sorted(unknown))}: there are {', '.join(ingests)}")
    return [*(dag for source, dag in ingests.items() if not sources or source in sources), bag.dags["attainment"]]


def run_night(day: date, sources: Collection[str] = ()) -> dict[str, str]:
    """Run the night of ``day``, of ``sources`` only if any are named; returns the state of each DAG's run.

    A failed ingest doesn't keep the others back.

    Ends soon after Ctrl-C, SIGTERM or SIGHUP, by KeyboardInterrupt or SystemExit; run again, the night ends as if it
    had not been interrupted. Raises NightError.
    """
    _show_progress()
    states = {}
    try:
        with noting_signals() as leave_if_noted, _running_tasks_by(partial(_run_task, leave_if_noted)):
            for dag in load_dags(sources):
                started = time.monotonic()
                dag.deadline = None  # a night by hand has no hour, and dag.test() fails on one (apache/airflow#73428)
                for task in dag.tasks:
                    _retry_at_once(task)
                run = dag.test(run_conf={"date": day.isoformat()})
                leave_if_noted()
                states[dag.dag_id] = str(run.state)
                log.info("%s of %s: %s in %.1f s", dag.dag_id, day, run.state, time.monotonic() - started)
    except (SQLAlchemyError, OSError) as error:
        why = str(getattr(error, "orig", error)).strip().partition("\n")[0]
        told = f"the run of {day} broke off: {why}. What was published stays; mend it and run it again"
        raise NightError(told) from error
    finally:
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
    logging.getLogger("airflow.sdk.definitions.dag").setLevel(logging.ERROR)  # it warns of tasks that will be skipped


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
    """One try of a task: its lines go to its log, at the keyboard one says why it failed."""
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
    """Nobody waits at the keyboard for a retry's delay, neither the task's nor that of a rule of its policy."""
    task.retry_delay = timedelta(0)
    if isinstance(task.retry_policy, ExceptionRetryPolicy):
        task.retry_policy = drop_delays(task.retry_policy)


def drop_delays(policy: ExceptionRetryPolicy) -> ExceptionRetryPolicy:
    """The policy without the delays of its rules: that of the task counts."""
    return ExceptionRetryPolicy([replace(rule, retry_delay=None) for rule in policy.rules], policy.default)
