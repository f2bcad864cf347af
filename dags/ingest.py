"""One ingest DAG for each source profile in include/sources/.

Each night at the profile's hour: what the source says of the day that has ended is landed (bytes archived as
received), staged, audited and published, a chain for each window (endpoint and period), one for the files of the inbox.
A window that fails stops no other; the run is red when one is missing, and says which and why. Trigger it with `date`
for another day: what is archived is replayed, what isn't is asked for and filed under the day that the answer tells of.

A profile with a mistake stops its own source alone: its DAG has one task, which fails each night and says why.
"""

from __future__ import annotations

import re

from airflow.sdk import DAG, Asset, Param, task, task_group
from pendulum import datetime

from cchc.calendar import LOCAL
from cchc.sources.profile import Profile, read_all_profiles
from cchc.tasks import ingest, profile
from cchc.tasks.policy import RUN_CALLBACKS, TASK_DEFAULTS, run_every_night

WINDOW_NAME = "{{ window_name }}"
LATE_DAYS = Asset("cchc_late_days")
COMMON = {
    "doc_md": __doc__,
    "start_date": datetime(2024, 1, 1, tz=LOCAL.key),
    "catchup": False,
    "max_active_runs": 1,
    "params": {"date": Param(None, type=["null", "string"], format="date", description="The day; empty = yesterday")},
    "tags": ["cchc", "ingest"],
    **RUN_CALLBACKS,
}


def build_dag(known: Profile) -> DAG:
    """The ingest DAG of one source."""
    source = known.source
    with DAG(
        dag_id=f"ingest_{source}",
        description=known.name_vi,
        schedule=run_every_night(known.schedule),
        default_args={**TASK_DEFAULTS, "owner": known.owner},
        **COMMON,
    ) as dag:

        @task_group(group_id="window")
        def load_windows(windows: list[dict[str, str]]) -> list[str]:
            # One request at a time: the source is asked by one task of the run, under a lock in the warehouse.
            land = task(map_index_template=WINDOW_NAME, max_active_tis_per_dagrun=1)(ingest.land_windows)
            stage = task(map_index_template=WINDOW_NAME)(ingest.stage_windows)
            audit = task(map_index_template=WINDOW_NAME)(ingest.audit_windows)
            publish = task(map_index_template=WINDOW_NAME)(ingest.publish_windows)
            return publish(audit(stage(land(source, windows))))

        windows = task(ingest.plan_night)(source)
        published = load_windows.expand(windows=windows)
        late = task(trigger_rule="all_done", outlets=[LATE_DAYS])(ingest.report_late_days)(source)
        close = task(trigger_rule="all_done")(ingest.close_source)(source, windows, published)
        published >> late >> close  # the last task decides the colour of the run
    return dag


def build_refused_dag(source: str) -> DAG:
    """The DAG of a source whose profile is refused, under a name that a DAG may have and no good one has: with -."""
    with DAG(
        dag_id=f"ingest_{re.sub(r'[^A-Za-z0-9_.-]', '-', source)[:200]}",
        description=f"{source}.yaml: hồ sơ nguồn có lỗi, chưa lấy được số liệu",
        schedule=run_every_night("30 4 * * *"),
        default_args={**TASK_DEFAULTS, "owner": "van-phong-ubnd-tinh"},
        **COMMON,
    ) as dag:
        task(profile.read_profile)(source)
    return dag


read = read_all_profiles()
for dag in (*map(build_dag, read.good), *map(build_refused_dag, read.refused)):
    globals()[dag.dag_id] = dag
