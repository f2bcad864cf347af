-- Takes the catalog of PostgreSQL; `schema` and `table` name a table.
-- Leaves nothing.
-- Answers with the columns whose values count: run ids and clock times differ between runs that give the same data.
select column_name
from information_schema.columns
where
    table_schema = %(schema)s
    and table_name = %(table)s
    and column_name <> 'run_id'
    and data_type not like 'timestamp%%'
order by column_name;
