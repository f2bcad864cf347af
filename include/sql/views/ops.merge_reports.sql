-- Facts that a source reports again and again keep one row for each key: the newest report wins, in whatever order
-- loads come. This function writes that MERGE from the catalog of columns, as ops.merge_rows does for computed rows.
create or replace function ops.merge_reports(target regclass, staged regclass)
returns bigint
language plpgsql as $$
declare
    key_columns text[];
    report_columns text[];
    value_columns text[];
    merged_rows bigint;
begin
    select array_agg(a.attname::text order by array_position(i.indkey::int2[], a.attnum))
    into key_columns
    from pg_index as i
    inner join pg_attribute as a on i.indrelid = a.attrelid and a.attnum = any(i.indkey)
    where i.indrelid = target and i.indisprimary;

    select array_agg(u.name order by u.ordinal)
    into report_columns
    from unnest(array['reported_on', 'modified_at', 'content_sha256']) with ordinality as u (name, ordinal)
    inner join pg_attribute as a on a.attrelid = target and u.name = a.attname;

    select array_agg(a.attname::text order by a.attnum)
    into value_columns
    from pg_attribute as a
    inner join pg_attribute as s on a.attname = s.attname
    where
        a.attrelid = target
        and s.attrelid = staged
        and a.attnum > 0
        and not a.attisdropped
        and not s.attisdropped
        and a.attgenerated = ''
        and a.attname <> all(key_columns || report_columns || array['load_id']);

    execute format(
        'merge into %1$s as t using %2$s as n on %3$s'
        ' when matched and ((%4$s) < (%5$s) or (%4$s) = (%5$s) and (%6$s) is distinct from (%7$s)) then'
        ' update set %8$s, load_id = case when (%6$s) is distinct from (%7$s) then n.load_id else t.load_id end'
        ' when not matched then insert (%9$s) values (%10$s)',
        target,
        staged,
        (select string_agg(format('t.%1$I = n.%1$I', c), ' and ') from unnest(key_columns) as c),
        (select string_agg(format('t.%I', c), ', ') from unnest(report_columns) as c),
        (select string_agg(format('n.%I', c), ', ') from unnest(report_columns) as c),
        (select string_agg(format('t.%I', c), ', ') from unnest(value_columns) as c),
        (select string_agg(format('n.%I', c), ', ') from unnest(value_columns) as c),
        (select string_agg(format('%1$I = n.%1$I', c), ', ') from unnest(report_columns || value_columns) as c),
        (
            select string_agg(format('%I', c), ', ')
            from unnest(key_columns || report_columns || value_columns || array['load_id']) as c
        ),
        (
            select string_agg(format('n.%I', c), ', ')
            from unnest(key_columns || report_columns || value_columns || array['load_id']) as c
        )
    );
    get diagnostics merged_rows = row_count;
    return merged_rows;
end
$$;
comment on function ops.merge_reports is 'Inserts the rows of staged that target lacks and updates those of an older report (reported_on, then modified_at where the table has it, then content_sha256); returns how many. Rows are matched by the primary key of target and take the columns that both tables have. load_id changes only where another column than those of the report does.';
revoke execute on function ops.merge_reports from public;
grant execute on function ops.merge_reports to cchc_loader;
