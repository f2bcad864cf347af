-- Takes the staged rows and rule violations of a load, and `rule_fields`, the fields that each rule looks at.
-- Leaves the rows that are not published in ops.quarantine: the rejected ones, and all rows of a stopped load.
-- cells names the spreadsheet's cells that the broken rules look at; all cells of the row where no rule names any.
insert into ops.quarantine as q (load_id, row_no, source, entity, row_key, payload, rules, cells)
select
    s.load_id,
    s.row_no,
    %(source)s as source,
    %(entity)s as entity,
    s.row_key,
    jsonb_strip_nulls(s.payload - 'load_id' - 'row_no' - 'cells') as payload,
    broken.rules || array(
        select 'load_stopped:' || u.rule_id from unnest(%(stop_rules)s::text[]) as u (rule_id)
    ) as rules,
    (
        select jsonb_object_agg(c.field, c.cell)
        from jsonb_each(nullif(s.payload -> 'cells', 'null'::jsonb)) as c (field, cell)
        where cardinality(looked_at.fields) = 0 or c.field = any(looked_at.fields)
    ) as cells
from staging.staged_row as s
cross join lateral (
    select array(
        select v.rule_id from staging.rule_violation as v
        where v.load_id = s.load_id and v.row_no = s.row_no and v.severity = 'warning'
        order by v.rule_id
    ) as rules
) as broken
cross join lateral (
    select array(
        select f.field
        from unnest(broken.rules) as b (rule_id)
        cross join lateral jsonb_array_elements_text(%(rule_fields)s::jsonb -> b.rule_id) as f (field)
    ) as fields
) as looked_at
where
    s.load_id = %(load_id)s
    and (cardinality(broken.rules) > 0 or cardinality(%(stop_rules)s::text[]) > 0)
on conflict (load_id, row_no) do update set
    rules = excluded.rules,
    cells = excluded.cells,
    last_seen_at = clock_timestamp(),
    resolved_at = null,
    resolved_by_load_id = null;
