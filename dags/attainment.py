"""The nightly attainment, and its repetition for days that a late publish has touched.

`attainment` computes the day that has ended, for every target, agency and variant, when every configured source has
finished, at the latest at 06:00: with what there is then, stale figures said to be stale. `attainment_late` runs when a
source has changed days that were computed before, and computes those again. After a change of the plan or the map,
trigger `attainment` with `date` and `through` for the days that it concerns.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Asset, CronPartitionTimetable, Param, task
from pendulum import datetime

from cchc.days import LOCAL
from cchc.tasks import attain
from cchc.tasks.policy import TASK_DEFAULTS

COMMON = {
    "doc_md": __doc__,
    "start_date": datetime(2024, 1, 1, tz=LOCAL.key),
    "catchup": False,
    "max_active_runs": 1,
    "default_args": {**TASK_DEFAULTS, "owner": "van-phong-ubnd-tinh"},
    "tags": ["cchc", "attainment"],
}

with DAG(
    dag_id="attainment",
    description="Mức độ hoàn thành kế hoạch CCHC, hằng đêm",
    schedule=CronPartitionTimetable(
        "35 4 * * *", timezone=LOCAL.key, run_offset=-1, key_format="%Y-%m-%d", run_immediately=True
    ),
    params={
        "date": Param(None, type=["null", "string"], format="date", description="The day; empty = yesterday"),
        "through": Param(None, type=["null", "string"], format="date", description="Last day, to compute several"),
    },
    **COMMON,
):
    wait = task.sensor(mode="reschedule", poke_interval=60, timeout=timedelta(hours=3).total_seconds())
    catalog = task(attain.take_in_catalog)()
    attained = task(attain.attain_night)()
    wait(attain.wait_for_sources)() >> catalog >> attained >> task(attain.report_late_sources)()

with DAG(
    dag_id="attainment_late",
    description="Tính lại những ngày có số liệu đến muộn",
    schedule=[Asset("cchc_late_days")],
    **COMMON,
):
    task(attain.take_in_catalog)() >> task(attain.attain_late_days)()
