"""Failed runs of DAGs: one alert for each DAG until a run of it succeeds, and one for its older days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from cchc.alerts.lifecycle import AlertLifecycle, NewAlert
from cchc.alerts.model import OperatorFacts
from cchc.alerts.rules import Rules
from cchc.alerts.runbook import RunbookPage
from cchc.calendar import DateRange, newest_complete_day
from cchc.messages import read_messages
from cchc.presentation.formats_vi import format_day

MESSAGES = read_messages("alert_facts")


@dataclass(frozen=True)
class FailedRun:
    """A failed run of a DAG. ``day``: the last of its data dates."""

    dag_id: str
    day: date
    facts: OperatorFacts


def describe_task(task_id: str, error: str | None, log_url: str) -> str:
    """The details of a failed task; ``error`` None: its process was killed and left no error."""
    return MESSAGES.format(
        "run_failed.task", task=task_id, error=error or MESSAGES.format("run_failed.killed"), log_url=log_url
    )


def describe_run(run_id: str) -> str:
    """The details of a failed run of which no failed task is known."""
    return MESSAGES.format("run_failed.run", run=run_id)


def make_failed_run(dag_id: str, days: DateRange, details_vi: str) -> FailedRun:
    """The failed run of a DAG for ``days``."""
    first, last = format_day(days.start), format_day(days.last)
    if days.start < days.last:
        subject = MESSAGES.format("run_failed.subject_of_several", dag=dag_id, first=first, last=last)
    else:
        subject = MESSAGES.format("run_failed.subject", dag=dag_id, day=last)
    facts = OperatorFacts(kind="run_failed", subject_vi=subject, details_vi=details_vi, runbook=RunbookPage.RUN_FAILED)
    return FailedRun(dag_id, days.last, facts)


def is_history(failure: FailedRun, rules: Rules, now: datetime) -> bool:
    """Whether the run was for a day so old that its failure opens no alert."""
    return (newest_complete_day(now) - failure.day).days > rules.history_days


def open_failure(lifecycle: AlertLifecycle, failure: FailedRun) -> None:
    """Open the alert of the DAG. A day before the newest opens that of its older days instead.

    So no failure of an old day hides one of the newest day. An open alert of an earlier day covers an older day.
    """
    subject = failure.dag_id
    if failure.day < newest_complete_day(lifecycle.now):
        known = [alert for alert in lifecycle.read_open(["run_failed"]) if alert.subject == subject]
        if any(alert.began_on <= failure.day for alert in known):
            return
        subject = _name_older_days(failure.dag_id)
    lifecycle.open(NewAlert("run_failed", subject, failure.day, failure.day, failure.facts))


def end_failures(lifecycle: AlertLifecycle, dag_id: str, day: date) -> None:
    """End the alerts of a DAG's failures for ``day`` and earlier days: a run for ``day`` succeeded."""
    for alert in lifecycle.read_open(["run_failed"]):
        if alert.subject in (dag_id, _name_older_days(dag_id)) and alert.began_on <= day:
            lifecycle.end(alert, "recovered", day, day)


def _name_older_days(dag_id: str) -> str:
    """The subject of the alert about days before the newest."""
    return f"{dag_id}, older days"
