-- Every row of some cells in their year and its 13th month, up to the day %(newest)s, by day, with the year asked for.
select
    c.figure_year,
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
from
    unnest(
        %(plan_year)s::int[], %(figure_year)s::int[], %(indicator_code)s::text[], %(variant)s::text[],
        %(agency_code)s::text[]
    ) as c (plan_year, figure_year, indicator_code, variant, agency_code)
inner join mart.indicator_attainment as a
    on
        c.plan_year = a.plan_year
        and c.indicator_code = a.indicator_code
        and c.variant = a.variant
        and c.agency_code = a.agency_code
        and a.as_of_date >= make_date(c.figure_year, 1, 1)
        and a.as_of_date < make_date(c.figure_year + 1, 2, 1)
        and a.as_of_date <= %(newest)s
order by a.as_of_date;
