-- The agencies that lowered a province's share most between two days, worst first.
select
    p.agency_code,
    p.rate,
    p.mix
from mart.result_change(%(from_date)s, %(to_date)s) as c
cross join lateral jsonb_to_recordset(c.contributions) as p (agency_code text, rate numeric, mix numeric, total numeric)
where
    c.plan_year = %(plan_year)s
    and c.indicator_code = %(indicator_code)s
    and c.variant = %(variant)s
    and c.agency_code = %(agency_code)s
    and p.total <= -%(min_points)s
order by p.total, p.agency_code is null, p.agency_code
limit %(max_rows)s;
