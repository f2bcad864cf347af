-- The rows of a day in a province, its own first.
select
    a.as_of_date,
    a.plan_year,
    a.indicator_code,
    a.variant,
    a.agency_code,
    a.status,
    a.numerator,
    a.denominator,
    a.value,
    a.target,
    a.comparator,
    a.gap,
    a.pace_target,
    a.pace_status,
    a.data_date,
    a.is_stale,
    a.quality_flags,
    a.coverage
from mart.indicator_attainment as a
where
    a.as_of_date = %(day)s
    and a.variant = any(%(variants)s)
    and (a.agency_code = %(province)s or a.agency_code like %(province)s || '.%%')
order by a.agency_code, a.plan_year, a.indicator_code, a.variant;
