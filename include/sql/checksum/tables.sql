-- Takes the catalog of PostgreSQL.
-- Leaves nothing.
-- Answers with the tables of core and mart.
select
    table_schema,
    table_name
from information_schema.tables
where table_schema in ('core', 'mart') and table_type = 'BASE TABLE'
order by table_schema, table_name;
