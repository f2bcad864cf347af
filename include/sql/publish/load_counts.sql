-- Takes the staged rows and rule violations of a load.
-- Leaves nothing; answers with the received and the rejected rows, the rules that stop the load, and whether all rows
-- that were read are staged: another run may be staging the same load.
select
    count(*) as received_rows,
    count(*) filter (where rejected.row_no is not null) as rejected_rows,
    (
        select coalesce(array_agg(distinct v.rule_id order by v.rule_id), '{}')
        from staging.rule_violation as v
        where v.load_id = %(load_id)s and v.severity = 'critical'
    ) as stop_rules,
    coalesce(count(*) = (
        select r.received_rows from staging.staged_response as r
        where r.load_id = %(load_id)s
    ), false) as is_whole
from staging.staged_row as s
left join (
    select distinct v.row_no
    from staging.rule_violation as v
    where v.load_id = %(load_id)s and v.severity = 'warning'
) as rejected on s.row_no = rejected.row_no
where s.load_id = %(load_id)s;
