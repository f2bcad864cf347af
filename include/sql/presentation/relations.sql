-- Takes the catalog of PostgreSQL.
-- Leaves nothing.
-- Answers with a row for each column of each table and view of the warehouse, with the comments on them.
select
    n.nspname as schema,
    a.attname as "column",
    r.confrelid::regclass::text as refers_to,
    obj_description(n.oid, 'pg_namespace') as schema_comment,
    n.nspname || '.' || c.relname as relation_name,
    case when c.relkind = 'v' then 'View.' when c.relpersistence = 'u' then 'Unlogged table.' else 'Table.' end as kind,
    obj_description(c.oid, 'pg_class') as relation_comment,
    format_type(a.atttypid, a.atttypmod) as type,
    c.relkind = 'r' and not a.attnotnull as may_be_null,
    array_position(k.conkey, a.attnum) as key_place,
    col_description(c.oid, a.attnum) as comment
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
inner join pg_attribute as a on c.oid = a.attrelid and a.attnum > 0 and not a.attisdropped
left join pg_constraint as k on c.oid = k.conrelid and k.contype = 'p'
left join pg_constraint as r on c.oid = r.conrelid and r.contype = 'f' and r.conkey = array[a.attnum]
where n.nspname in ('core', 'mart', 'ops', 'staging') and c.relkind in ('r', 'v')
order by n.nspname, c.relname, a.attnum;
