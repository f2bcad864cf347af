-- Takes the server's functions and the rights of `analyst`.
-- Leaves nothing; answers with the functions that the analyst may call and by which a session takes shared locks, disk
-- or log.
select oid::regprocedure::text
from pg_proc
where
    pronamespace = 'pg_catalog'::regnamespace
    and (
        proname like any(array['pg\_advisory%%', 'pg\_try\_advisory%%'])
        or proname in ('lo_creat', 'lo_create', 'lo_from_bytea', 'pg_logical_emit_message')
    )
    and has_function_privilege(%(analyst)s, oid, 'execute')
