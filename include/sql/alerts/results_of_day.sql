-- The results of a day in a province, the province's own first.
select r.*
from mart.indicator_result as r
where
    r.as_of_date = %(day)s
    and r.variant = any(%(variants)s)
    and r.province_code = %(province)s
order by r.agency_code, r.plan_year, r.indicator_code, r.variant;
