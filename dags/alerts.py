"""Whether the night is ready, and what is to be told: every quarter of an hour, beside the nights.

Looks for nights that weren't attained by their hour (night_ready_by in include/alerts/rules.yaml), whatever kept them;
then sends what is due: urgent news at once, digests at their recipients' hours, and again what couldn't be sent. A
scheduler that was off over the hour does it as soon as it comes back. Trigger it to have something sent now.
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable, task
from pendulum import datetime

from cchc.calendar import LOCAL
from cchc.tasks import operations
from cchc.tasks.policy import RUN_CALLBACKS, TASK_DEFAULTS

with DAG(
    dag_id="alerts",
    description="Kiểm tra đêm chậm và gửi cảnh báo, mỗi 15 phút",
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
