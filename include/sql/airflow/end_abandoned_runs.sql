-- Runs by hand whose command was killed. Nobody goes on with them, and the scheduler begins no other run of their DAG
-- while one is running (max_active_runs). Their running tasks have failed, the others never began.
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
