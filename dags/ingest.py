"""The ingest DAGs, one for each source profile in include/sources/.

Each runs daily at the profile's hour, for the day that has ended. Each window (endpoint and period) is fetched, staged
and published in tasks of its own, files of the inbox in groups; all are audited together. A window that fails stops no
other: the run is red when one is missing, and its last task names it with the reason. Trigger the DAG with `date` for
another day: it replays archived windows, and asks for the others. The archive keeps an answer under the day that it
describes.

A profile with a mistake stops its own source alone: its DAG has one task, which fails with the reason.
"""

from __future__ import annotations

import re

from airflow.sdk import DAG, Param, task, task_group
from pendulum import datetime

from cchc.calendar import LOCAL
from cchc.sources.profile import Profile, read_all_profiles
from cchc.tasks import ingest
from cchc.tasks import profile as profile_task
from cchc.tasks.policy import DIRTY_DATES, RUN_CALLBACKS, TASK_DEFAULTS, run_daily

LOAD_NAME = "{{ load_name }}"
COMMON = {
    "doc_md": __doc__,
    "start_date": datetime(2024, 1, 1, tz=LOCAL.key),
    "catchup": False,
    "max_active_runs": 1,
    "params": {"date": Param(None, type=["null", "string"], format="date", description="Data date; empty: yesterday")},
    "tags": ["cchc", "ingest"],
    **RUN_CALLBACKS,
}


def build_dag(profile: Profile) -> DAG:
    """The ingest DAG of one source."""
    source = profile.source
    with DAG(
        dag_id=f"ingest_{source}",
        description=f"Nightly: loads the data of {source}",
        schedule=run_daily(profile.schedule),
        default_args={**TASK_DEFAULTS, "owner": profile.owner},
        **COMMON,
    ) as dag:

        @task_group(group_id="load")
        def load(planned: list[dict[str, str]]) -> list[dict[str, str]]:
            # One request at a time: one task of the run asks the source, under a lock in the warehouse.
            fetch = task(map_index_template=LOAD_NAME, max_active_tis_per_dagrun=1)(ingest.fetch_loads)
            stage = task(map_index_template=LOAD_NAME)(ingest.stage_loads)
            return stage(fetch(source, planned))

        planned = task(ingest.plan_loads)(source)
        # A suite costs seconds however few the rows: one task audits all that is staged.
        audited = task(trigger_rule="all_done")(ingest.audit_loads)(load.expand(planned=planned))
        published = task(map_index_template=LOAD_NAME)(ingest.publish_loads).expand(references=audited)
        dirty = task(trigger_rule="all_done", outlets=[DIRTY_DATES])(ingest.report_dirty_dates)(source)
        close = task(trigger_rule="all_done")(ingest.close_source)(source, planned, published)
        published >> dirty >> close  # the last task decides the colour of the run
    return dag


def build_rejected_dag(source: str) -> DAG:
    """The DAG of a source whose profile is rejected. Its id has "-" for characters that no id may have."""
    with DAG(
        dag_id=f"ingest_{re.sub(r'[^A-Za-z0-9_.-]', '-', source)[:200]}",
        description=f"Loads nothing: {source}.yaml has a mistake",
        schedule=run_daily("30 4 * * *"),
        default_args={**TASK_DEFAULTS, "owner": "van-phong-ubnd-tinh"},
        **COMMON,
    ) as dag:
        task(profile_task.read_profile)(source)
    return dag


read = read_all_profiles()
for dag in (*map(build_dag, read.good), *map(build_rejected_dag, read.rejected)):
    globals()[dag.dag_id] = dag
