-- What the audit's verdicts mean for a load: how many rows came, how many are refused, what stops it.
select
    count(*) as received_rows,
    count(*) filter (where r.row_no is not null) as refused_rows,
    (
        select coalesce(array_agg(distinct v.rule_id order by v.rule_id), '{}')
        from staging.verdict as v
        where v.load_id = %(load_id)s and v.severity = 'critical'
    ) as critical_rules
from staging.national_portal_statistic as s
left join (
    select distinct v.row_no
    from staging.verdict as v
    where v.load_id = %(load_id)s and v.severity = 'warning'
) as r on s.row_no = r.row_no
where s.load_id = %(load_id)s;
