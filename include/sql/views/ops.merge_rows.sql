-- A MERGE names each column up to five times, and a forgotten one is a column that never changes. This function writes
-- the statement from the catalog of columns.
create or replace function ops.merge_rows(target regclass, staged regclass, uncompared text[] default '{}')
returns bigint
language plpgsql as $$
declare
    key_columns text[];
    other_columns text[];
    compared_columns text[];
    key_column record;
    first_day date;
    last_day date;
    same_key text;
    merged_rows bigint;
begin
    select array_agg(a.attname::text order by array_position(i.indkey::int2[], a.attnum))
    into key_columns
    from pg_index as i
    inner join pg_attribute as a on i.indrelid = a.attrelid and a.attnum = any(i.indkey)
    where i.indrelid = target and i.indisprimary;

    select
        array_agg(a.attname::text order by a.attnum),
        array_agg(a.attname::text order by a.attnum) filter (where a.attname <> all(uncompared))
    into other_columns, compared_columns
    from pg_attribute as a
    inner join pg_attribute as s on a.attname = s.attname
    where
        a.attrelid = target
        and s.attrelid = staged
        and a.attnum > 0
        and not a.attisdropped
        and not s.attisdropped
        and a.attgenerated = ''
        and a.attname <> all(key_columns);

    select string_agg(format('t.%1$I = n.%1$I', k), ' and ') into same_key from unnest(key_columns) as k;

    -- The days of the staged rows as constants: the planner then reads those days of the target and no others.
    for key_column in
        select a.attname from pg_attribute as a
        where a.attrelid = target and a.attname = any(key_columns) and a.atttypid = 'date'::regtype
    loop
        execute format('select min(%1$I), max(%1$I) from %2$s', key_column.attname, staged) into first_day, last_day;
        same_key := format('%s and t.%I between %L and %L', same_key, key_column.attname, first_day, last_day);
    end loop;

    execute format(
        'merge into %1$s as t using %2$s as n on %3$s'
        ' when matched and (%4$s) is distinct from (%5$s) then update set %6$s'
        ' when not matched then insert (%7$s) values (%8$s)',
        target,
        staged,
        same_key,
        (select string_agg(format('t.%I', c), ', ') from unnest(compared_columns) as c),
        (select string_agg(format('n.%I', c), ', ') from unnest(compared_columns) as c),
        (select string_agg(format('%1$I = n.%1$I', c), ', ') from unnest(other_columns) as c),
        (select string_agg(format('%I', c), ', ') from unnest(key_columns || other_columns) as c),
        (select string_agg(format('n.%I', c), ', ') from unnest(key_columns || other_columns) as c)
    );
    get diagnostics merged_rows = row_count;
    return merged_rows;
end
$$;
comment on function ops.merge_rows is 'Inserts the rows of staged that target lacks and updates those that differ; returns how many. Rows are matched by the primary key of target and take the columns that both tables have. Columns in uncompared (the run, the time) are written with a row but make no difference alone.';
revoke execute on function ops.merge_rows from public;
grant execute on function ops.merge_rows to cchc_loader;
