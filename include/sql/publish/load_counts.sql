-- What the audit's verdicts mean for a load: how many rows came, how many are refused, what stops it, and whether the
-- rows are all that were read (another run may be staging the same load).
select
    count(*) as received_rows,
    count(*) filter (where refused.row_no is not null) as refused_rows,
    (
        select coalesce(array_agg(distinct v.rule_id order by v.rule_id), '{}')
        from staging.rule_violation as v
        where v.load_id = %(load_id)s and v.severity = 'critical'
    ) as critical_rules,
    coalesce(count(*) = (
        select r.rows_read from staging.staged_response as r
        where r.load_id = %(load_id)s
    ), false) as is_whole
from staging.staged_row as s
left join (
    select distinct v.row_no
    from staging.rule_violation as v
    where v.load_id = %(load_id)s and v.severity = 'warning'
) as refused on s.row_no = refused.row_no
where s.load_id = %(load_id)s;
