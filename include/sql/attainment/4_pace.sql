-- Takes indicator_in_force and the results of earlier years in mart.indicator_attainment.
-- Leaves pace: for each indicator judged at year's end the value that is due on each day, as
-- (fixed + weight × target) ÷ divisor. The parts are exact, and an agency may have a target of its own.
-- A value of mid-year can't be compared with a target of year's end. The due value follows the plan's milestones; else
-- the course of the newest earlier year that is known to its end; else a straight line from the day before 1 January to
-- the day on which the year closes. An earlier year is read as stored, if it closed before %(first_day)s.
create temporary table pace on commit drop as
-- A stored quotient has some sixteen digits; its parts are exact.
with past as not materialized (
    select
        a.indicator_code,
        a.variant,
        a.plan_year,
        a.figure_year,
        a.as_of_date,
        case when v.is_quotient then a.numerator * 100 else a.value end as part,
        case when v.is_quotient then a.denominator else 1 end as whole
    from mart.indicator_attainment as a
    cross join lateral (
        select coalesce(a.value = a.numerator * 100 / nullif(a.denominator, 0), false) as is_quotient
    ) as v
    where
        a.agency_code = %(province)s
        and a.as_of_date < %(first_day)s
        and a.value is not null
        and a.status not in ('invalid', 'not_applicable')
),

judged_at_year_end as (
    select distinct
        i.indicator_code,
        i.variant,
        i.plan_year,
        i.figure_year,
        i.period,
        i.closes_on,
        i.milestone_days,
        i.milestone_values
    from indicator_in_force as i
    where i.judged = 'year_end'
),

-- The newest earlier year with a value on the day on which it closed.
course as (
    select
        y.*,
        c.figure_year as closed_year,
        c.part,
        c.whole
    from judged_at_year_end as y
    left join lateral (
        select
            p.part,
            p.whole,
            p.figure_year
        from past as p
        where
            p.indicator_code = y.indicator_code
            and p.variant = y.variant
            and p.as_of_date = mart.shift_years(y.closes_on, y.plan_year, p.figure_year)
            and p.part > 0
        order by p.as_of_date desc
        limit 1
    ) as c on y.milestone_days = '{}'
),

-- The last point has no value of its own: it is the target.
segment as (
    select
        c.*,
        p.value as to_value,
        mart.shift_years(p.day, c.plan_year, c.figure_year) as to_day,
        lag(p.value) over towards_target as from_value,
        mart.shift_years(lag(p.day) over towards_target, c.plan_year, c.figure_year) as from_day
    from course as c
    cross join lateral unnest(
        array[make_date(c.plan_year, 1, 1) - 1] || c.milestone_days || c.closes_on,
        array[0] || c.milestone_values || null::numeric
    ) as p (day, value)
    window towards_target as (
        partition by c.indicator_code, c.variant, c.plan_year, c.figure_year
        order by p.day
    )
)

select
    i.as_of_date,
    i.plan_year,
    i.indicator_code,
    i.variant,
    s.from_value * (s.to_day - d.day) + coalesce(s.to_value * (d.day - s.from_day), 0) as fixed,
    coalesce(t.part * s.whole, case when s.to_value is null then d.day - s.from_day else 0 end) as weight,
    coalesce(s.part * t.whole, s.to_day - s.from_day) as divisor
from indicator_in_force as i
cross join lateral (select least(i.as_of_date, i.year_closes_on) as day) as d
inner join segment as s
    on
        i.indicator_code = s.indicator_code
        and i.variant = s.variant
        and i.plan_year = s.plan_year
        and i.figure_year = s.figure_year
        and d.day > s.from_day
        and d.day <= s.to_day
left join lateral (
    select
        p.part,
        p.whole
    from past as p
    where
        p.indicator_code = s.indicator_code
        and p.variant = s.variant
        -- Only its own plan gives the course of a budget year.
        and (s.period <> 'budget_year' or p.plan_year = s.closed_year)
        and p.as_of_date >= make_date(s.closed_year, 1, 1)
        and p.as_of_date <= mart.shift_years(d.day, s.figure_year, s.closed_year)
    order by p.as_of_date desc
    limit 1
) as t on true;

analyze pace;
