-- Second step: what the value of each entry that is judged at year's end should be at the end of each day: along the
-- plan's milestones; else as the province came along in the newest earlier year that is known to its end; else along a
-- straight line from the day before 1 January to the day on which the year closes.
-- Takes entry, leaves the table pace: (fixed + weight × target) ÷ divisor, for nothing is rounded, and an agency may
-- have a target of its own. An earlier year is read as stored, if it closed before %(first_day)s.
create temporary table pace on commit drop as
-- What is stored of a quotient has some sixteen digits; its parts are exact.
with past as not materialized (
    select
        a.indicator_code,
        a.variant,
        a.plan_year,
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

-- A plan of another year keeps its days of the calendar.
year_end as (
    select distinct
        e.indicator_code,
        e.variant,
        e.plan_year,
        e.figure_year,
        e.period,
        e.closes_on,
        e.milestone_days,
        e.milestone_values,
        make_interval(years => e.figure_year - e.plan_year) as shift
    from entry as e
    where e.judged = 'year_end'
),

-- On 31 January two budget years have a row; the one that closes is told by its own plan.
course as (
    select
        y.*,
        c.closed_year,
        c.part,
        c.whole
    from year_end as y
    left join lateral (
        select
            p.part,
            p.whole,
            o.closed_year
        from past as p
        cross join lateral (
            select
                case y.period when 'budget_year' then p.plan_year else extract(year from p.as_of_date)::int end
                    as closed_year
        ) as o
        where
            p.indicator_code = y.indicator_code
            and p.variant = y.variant
            and p.as_of_date = (y.closes_on + make_interval(years => o.closed_year - y.plan_year))::date
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
        (p.day + c.shift)::date as to_day,
        lag(p.value) over towards_target as from_value,
        (lag(p.day) over towards_target + c.shift)::date as from_day
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
    e.as_of_date,
    e.plan_year,
    e.indicator_code,
    e.variant,
    s.from_value * (s.to_day - d.day) + coalesce(s.to_value * (d.day - s.from_day), 0) as fixed,
    coalesce(t.part * s.whole, case when s.to_value is null then d.day - s.from_day else 0 end) as weight,
    coalesce(s.part * t.whole, s.to_day - s.from_day) as divisor
from entry as e
cross join lateral (
    select least(e.as_of_date, (e.closes_on + make_interval(years => e.figure_year - e.plan_year))::date) as day
) as d
inner join segment as s
    on
        e.indicator_code = s.indicator_code
        and e.variant = s.variant
        and e.plan_year = s.plan_year
        and e.figure_year = s.figure_year
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
        and (s.period <> 'budget_year' or p.plan_year = s.closed_year)
        and p.as_of_date >= make_date(s.closed_year, 1, 1)
        and p.as_of_date <= (d.day + make_interval(years => s.closed_year - s.figure_year))::date
    order by p.as_of_date desc
    limit 1
) as t on true;

analyze pace;
