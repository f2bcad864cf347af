"""The nightly attainment, and the repeated computation of dirty dates.

`attainment` computes the day that has ended, for every indicator, agency and variant. It computes as soon as every
configured source has finished, at the latest at 06:00 with the data that have come; older data are flagged stale.
`attainment_late` runs when a source has changed days that were computed before, and computes those again. After a
change of the plan or the map, trigger `attainment` with `date` and `through` for the days that it concerns.

Both then evaluate the alerts. `attainment` also sends the notifications; after `attainment_late` the DAG `alerts` sends
them. If a run of `attainment` isn't over two hours after it was queued, the check of `alerts` runs at that time too.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, DeadlineAlert, DeadlineReference, Param, SyncCallback, task
from pendulum import datetime

from cchc.calendar import LOCAL
from cchc.tasks import alerts, attainment
from cchc.tasks.operations import check_and_deliver
from cchc.tasks.policy import DIRTY_DATES, RUN_CALLBACKS, TASK_DEFAULTS, run_daily

# From 04:35 to a little after run_ready_by: the callback itself checks whether the run is late.
HOURS_TO_BE_READY = timedelta(hours=2)

COMMON = {
    "doc_md": __doc__,
    "start_date": datetime(2024, 1, 1, tz=LOCAL.key),
    "catchup": False,
    "max_active_runs": 1,
    "default_args": {**TASK_DEFAULTS, "owner": "van-phong-ubnd-tinh"},
    "tags": ["cchc", "attainment"],
    **RUN_CALLBACKS,
}

with DAG(
    dag_id="attainment",
    description="Nightly: computes the attainment of every indicator, evaluates alerts and sends messages",
    schedule=run_daily("35 4 * * *"),
    params={
        "date": Param(None, type=["null", "string"], format="date", description="Data date; empty: yesterday"),
        "through": Param(None, type=["null", "string"], format="date", description="Last data date; empty: one day"),
    },
    deadline=DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, HOURS_TO_BE_READY, SyncCallback(check_and_deliver)),
    **COMMON,
):
    wait = task.sensor(mode="reschedule", poke_interval=60, timeout=timedelta(hours=3).total_seconds())
    catalog = task(attainment.sync_catalog)()
    computed = task(attainment.compute_days)()
    wait(attainment.wait_for_sources)() >> catalog >> computed >> task(attainment.report_late_sources)()
    computed >> task(alerts.evaluate_alerts)() >> task(alerts.deliver_alerts)()

with DAG(
    dag_id="attainment_late",
    description="Computes days again whose data have changed, and evaluates alerts",
    schedule=[DIRTY_DATES],
    **COMMON,
):
    task(attainment.sync_catalog)() >> task(attainment.compute_dirty_dates)() >> task(alerts.evaluate_alerts)()
