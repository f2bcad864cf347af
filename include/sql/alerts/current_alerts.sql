-- The alerts of some kinds whose series has a result on a day.
select l.alert_id
from ops.alert as l
inner join mart.indicator_result as r
    on
        r.as_of_date = %(day)s
        and l.plan_year = r.plan_year
        and l.figure_year = r.figure_year
        and l.indicator_code = r.indicator_code
        and l.variant = r.variant
        and l.agency_code = r.agency_code
where l.province_code = %(province)s and l.kind = any(%(kinds)s);
