-- All results of some series up to the day %(newest)s, by day; a year's series may last through the 13th month.
select r.*
from
    unnest(
        %(plan_year)s::int[], %(figure_year)s::int[], %(indicator_code)s::text[], %(variant)s::text[],
        %(agency_code)s::text[]
    ) as k (plan_year, figure_year, indicator_code, variant, agency_code)
inner join mart.indicator_result as r
    on
        k.plan_year = r.plan_year
        and k.figure_year = r.figure_year
        and k.indicator_code = r.indicator_code
        and k.variant = r.variant
        and k.agency_code = r.agency_code
        and r.as_of_date >= make_date(k.figure_year, 1, 1)
        and r.as_of_date <= mart.budget_year_closes_on(k.figure_year)
        and r.as_of_date <= %(newest)s
order by r.as_of_date;
