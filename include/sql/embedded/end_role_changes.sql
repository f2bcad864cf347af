-- Takes the sessions of analysts.
-- Leaves none that is changing a role and hasn't committed: it keeps everybody else from changing one. Answers with the
-- ended sessions.
select
    l.pid,
    pg_terminate_backend(l.pid, 5000) as is_ended
from pg_locks as l
inner join pg_stat_activity as a on l.pid = a.pid
where
    a.usename = %(analyst)s
    and l.granted
    and l.mode = 'RowExclusiveLock'
    and l.relation in ('pg_authid'::regclass, 'pg_db_role_setting'::regclass, 'pg_auth_members'::regclass)
