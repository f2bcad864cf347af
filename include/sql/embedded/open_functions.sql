-- Functions that everybody may call, by which one session takes locks, disk or log that all share.
select oid::regprocedure::text
from pg_proc
where
    pronamespace = 'pg_catalog'::regnamespace
    and (
        proname like any(array['pg\_advisory%%', 'pg\_try\_advisory%%'])
        or proname in ('lo_creat', 'lo_create', 'lo_from_bytea', 'pg_logical_emit_message')
    )
    and has_function_privilege(%(analyst)s, oid, 'execute')
