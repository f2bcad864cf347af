-- Takes the locks of this database's other sessions.
-- Leaves nothing; answers with the sessions that lock tables or views of the warehouse, the oldest transaction first.
select
    a.pid,
    a.usename,
    a.application_name,
    a.state,
    to_char(a.xact_start at time zone 'Asia/Ho_Chi_Minh', 'YYYY-MM-DD HH24:MI:SS') as since,
    string_agg(distinct l.relation::regclass::text, ', ' order by l.relation::regclass::text) as tables
from pg_locks as l
inner join pg_stat_activity as a on l.pid = a.pid
inner join pg_class as c on l.relation = c.oid
where
    l.granted
    and l.database = (select d.oid from pg_database as d where d.datname = current_database())
    and l.pid <> pg_backend_pid()
    and c.relkind in ('r', 'v', 'm', 'p')
    and c.relnamespace in (
        select n.oid from pg_namespace as n where n.nspname in ('staging', 'core', 'mart', 'ops')
    )
group by a.pid, a.usename, a.application_name, a.state, a.xact_start
order by a.xact_start nulls last, a.pid
