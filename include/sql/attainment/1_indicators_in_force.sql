-- Takes the days %(first_day)s to %(last_day)s, the plans of %(province)s and the map of agencies.
-- Leaves indicator_in_force (each variant of each indicator on each day) and member (the days of an agency in a
-- population). Every later step asks for a day's target, year and agencies; they are decided here and nowhere else.
create temporary table agency_on_map on commit drop as
select
    g.agency_code,
    g.level,
    daterange(g.valid_from, g.valid_to) as days,
    g.is_in_catalog
from core.agency as g
where g.province_code = %(province)s and g.agency_code <> %(province)s;

create temporary table indicator_in_force on commit drop as
with day as (
    select
        d.as_of_date::date as as_of_date,
        extract(year from d.as_of_date)::int as year,
        -- Unregistered agencies don't make a list: the catalog has none of the province's agencies yet.
        d.as_of_date::date <@ any(select g.days from agency_on_map as g where g.is_in_catalog) as has_map
    from generate_series(%(first_day)s::timestamp, %(last_day)s::timestamp, interval '1 day') as d (as_of_date)
),

-- The newest earlier plan serves a day whose own year has no plan.
plan as (
    select
        d.as_of_date,
        max(i.plan_year) as plan_year
    from day as d
    inner join mart.indicator as i on i.province_code = %(province)s and d.year >= i.plan_year
    group by d.as_of_date
),

-- Values of a budget year come until it closes: in January it has a result beside that of the new year.
variant_in_force as (
    select
        i.*,
        d.as_of_date,
        d.has_map,
        mart.figure_year(d.as_of_date, i.plan_year, i.period, i.closes_on) as figure_year
    from day as d
    inner join plan as p on d.as_of_date = p.as_of_date
    inner join mart.indicator as i
        on
            i.province_code = %(province)s
            and (
                p.plan_year = i.plan_year
                or (i.period = 'budget_year' and p.plan_year > i.plan_year and d.as_of_date <= i.closes_on)
            )
            and i.valid_from <= least(d.as_of_date, make_date(i.plan_year, 12, 31))
            and (i.valid_to is null or i.valid_to > least(d.as_of_date, make_date(i.plan_year, 12, 31)))
)

select
    v.as_of_date,
    v.plan_year,
    v.indicator_code,
    v.variant,
    v.figure_year,
    v.figure_year <> v.plan_year as is_of_other_year,
    v.metric,
    v.reported_for,
    v.roll_up,
    v.is_share,
    v.may_exceed_100,
    v.is_target_reported,
    v.comparator,
    v.target,
    -- agencies_attaining counts the agencies that reach the target of the primary variant.
    case v.roll_up when 'agencies_attaining' then p.comparator else v.comparator end as agency_comparator,
    case v.roll_up when 'agencies_attaining' then p.target else v.target end as agency_target,
    v.judged,
    -- The plan names the day on which the survey of its own year is expected; that of a later year comes as much later.
    mart.shift_years(v.published_on, v.plan_year, v.figure_year) as published_on,
    v.period,
    v.closes_on,
    mart.shift_years(v.closes_on, v.plan_year, v.figure_year) as year_closes_on,
    v.milestone_days,
    v.milestone_values,
    -- An agency's result follows the pace of the variant whose target it has.
    case v.roll_up when 'agencies_attaining' then 'primary' else v.variant end as agency_variant,
    v.levels,
    -- The population is the named set, else all agencies of the levels.
    v.set_code,
    v.set_is_complete,
    coalesce(v.set_code, v.levels::text) as population_code,
    v.has_map
from variant_in_force as v
left join variant_in_force as p
    on
        v.as_of_date = p.as_of_date
        and v.plan_year = p.plan_year
        and v.indicator_code = p.indicator_code
        and p.variant = 'primary';

create temporary table member on commit drop as
with by_level as (
    select distinct
        i.population_code,
        i.levels
    from indicator_in_force as i
    where i.set_code is null
),

named_set as (
    select distinct i.set_code from indicator_in_force as i
)

select
    p.population_code,
    g.agency_code,
    g.level,
    g.days
from by_level as p
inner join agency_on_map as g on g.level = any(p.levels)
union all
select
    n.set_code as population_code,
    g.agency_code,
    g.level,
    g.days * daterange(s.valid_from, s.valid_to) as days
from named_set as n
inner join core.agency_set_member as s on n.set_code = s.set_code
inner join agency_on_map as g on s.agency_code = g.agency_code and g.days && daterange(s.valid_from, s.valid_to);

drop table agency_on_map;
analyze indicator_in_force;
analyze member;
