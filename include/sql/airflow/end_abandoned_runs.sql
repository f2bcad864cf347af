-- Takes Airflow's metadata: the runs by hand that aren't over, whose command was killed.
-- Leaves them failed, their running tasks failed and the others skipped.
-- Nobody goes on with them, and the scheduler begins no other run of their DAG meanwhile (max_active_runs).
with abandoned as (
    update dag_run set state = 'failed', end_date = now()
    where triggered_by = 'TEST' and state in ('queued', 'running')
    returning dag_id, run_id
)

update task_instance
set state = case task_instance.state when 'running' then 'failed' else 'skipped' end, end_date = now()
from abandoned
where
    task_instance.dag_id = abandoned.dag_id and task_instance.run_id = abandoned.run_id
    and coalesce(task_instance.state not in ('success', 'failed', 'skipped', 'upstream_failed', 'removed'), true)
