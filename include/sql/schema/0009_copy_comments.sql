-- For the views: a column that bears the name of one of its origin is described once.
create function ops.copy_comments(view_name regclass, origin regclass) returns void
language plpgsql as $$
declare
    same record;
begin
    for same in
        select
            v.attname,
            col_description(t.attrelid, t.attnum) as told
        from pg_attribute as v
        inner join pg_attribute as t on v.attname = t.attname and t.attnum > 0
        where v.attrelid = view_name and t.attrelid = origin
    loop
        execute format('comment on column %s.%I is %L', view_name, same.attname, same.told);
    end loop;
end
$$;
comment on function ops.copy_comments is 'A column of a view that bears the name of a column of its origin means the same.';
