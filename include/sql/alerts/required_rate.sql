-- The rate that the target of one result requires.
select
    q.by_date,
    q.per_week,
    q.so_far_per_week,
    q.rest_pct
from mart.required_rate as q
where
    q.as_of_date = %(as_of_date)s
    and q.plan_year = %(plan_year)s
    and q.indicator_code = %(indicator_code)s
    and q.variant = %(variant)s
    and q.agency_code = %(agency_code)s;
