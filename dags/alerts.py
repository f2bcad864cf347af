"""The check for late runs and the sending of due messages, every quarter of an hour and apart from the nightly runs.

A run is late when its attainment isn't ready by its hour (run_ready_by in include/alerts/rules.yaml), for any reason.
Urgent messages go out at once, digests at the hours of their recipients, and a message that failed goes out again. A
scheduler that was off at the hour checks as soon as it is back. Trigger the DAG to send at once.
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable, task
from pendulum import datetime

from cchc.calendar import LOCAL
from cchc.tasks import operations
from cchc.tasks.policy import RUN_CALLBACKS, TASK_DEFAULTS

with DAG(
    dag_id="alerts",
    description="Every 15 minutes: checks for late runs and sends the messages that are due",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("*/15 * * * *", timezone=LOCAL.key),
    start_date=datetime(2024, 1, 1, tz=LOCAL.key),
    catchup=False,
    max_active_runs=1,
    default_args={**TASK_DEFAULTS, "owner": "van-phong-ubnd-tinh"},
    tags=["cchc", "alerts"],
    **RUN_CALLBACKS,
):
    task(task_id="check_and_deliver")(operations.run_alerts)()
