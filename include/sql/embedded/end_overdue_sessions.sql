-- Takes the sessions of analysts, and the limits of their role.
-- Leaves none that exceeds them: a session can switch off its role's limits. Answers with the ended sessions.
select
    pid,
    pg_terminate_backend(pid) as is_ended
from pg_stat_activity
where
    usename = %(analyst)s
    and (
        (state like 'idle in transaction%%' and state_change < now() - %(idle_in_transaction)s::interval)
        or (state = 'active' and query_start < now() - 2 * %(statement)s::interval)
        or xact_start < now() - %(transaction)s::interval
    )
