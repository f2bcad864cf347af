"""Settings that the DAGs share: which errors are tried again, callbacks, the schedule, the asset of dirty dates."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, CronPartitionTimetable, ExceptionRetryPolicy, RetryAction, RetryRule

from cchc.calendar import LOCAL
from cchc.settings import read_settings
from cchc.tasks.operations import report_failed_run, report_successful_run

# A failure that may pass by itself is tried again, one that needs a person isn't. Sources are asked again within the
# task, by their own profile (at most 4 tries in all): a retry here would multiply these.
RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception="psycopg.OperationalError",
            action=RetryAction.RETRY,
            retry_delay=timedelta(seconds=30),
            reason="the warehouse is away or busy",
        ),
        RetryRule(
            exception="cchc.sources.errors.SourceError",
            action=RetryAction.FAIL,
            reason="the source was asked as often as it may be",
        ),
        RetryRule(
            exception="cchc.warehouse.publish.LoadStoppedError",
            action=RetryAction.FAIL,
            reason="the same bytes will be stopped again",
        ),
    ],
    default=RetryAction.FAIL,
)

TASK_DEFAULTS: dict[str, Any] = {
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_policy": RETRY_POLICY,
    "execution_timeout": timedelta(minutes=30),
    "on_failure_callback": report_failed_run,
}

# A publish that leaves dirty dates updates it; attainment_late waits for it.
DIRTY_DATES = Asset("cchc_dirty_dates")

# A run has callbacks beside those of its tasks: Airflow 3.3 calls none for a task whose process was killed
# (apache/airflow#60858).
RUN_CALLBACKS: dict[str, Any] = {"on_failure_callback": report_failed_run, "on_success_callback": report_successful_run}


def run_daily(cron: str) -> CronPartitionTimetable | None:
    """The schedule of a daily run, at the hour of ``cron``, local, for the day that has ended.

    None in a demonstration, whose clock stands still (CCHC_NOW): by the wall clock it would run for days that its
    province doesn't know.
    """
    if read_settings().now is not None:
        return None
    return CronPartitionTimetable(cron, timezone=LOCAL.key, run_offset=-1, key_format="%Y-%m-%d", run_immediately=True)
