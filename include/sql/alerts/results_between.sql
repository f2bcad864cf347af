-- The rows of a cell between two days, by day.
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
    a.as_of_date between %(first_day)s and %(last_day)s
    and a.plan_year = %(plan_year)s
    and a.indicator_code = %(indicator_code)s
    and a.variant = %(variant)s
    and a.agency_code = %(agency_code)s
order by a.as_of_date;
