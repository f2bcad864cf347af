"""Which error is worth a retry: what may pass by itself is, what a person must look at isn't."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

# Sources are asked again within the task, by their own profile (at most 4 tries in all): a retry here would hammer.
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
}
