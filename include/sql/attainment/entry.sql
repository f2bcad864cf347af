-- First step: which targets hold on each day from %(first_day)s to %(last_day)s in the plan of %(province)s, and which
-- agencies they count. Leaves the tables entry (a target on a day) and member (the days of an agency in a population).
create temporary table map_agency on commit drop as
select
    g.agency_code,
    g.level,
    daterange(g.valid_from, g.valid_to) as days,
    g.is_in_catalog
from core.agency as g
where g.province_code = %(province)s and g.agency_code <> %(province)s;

create temporary table entry on commit drop as
with day as (
    select
        d.as_of_date::date as as_of_date,
        extract(year from d.as_of_date)::int as year,
        -- Agencies that only a source names don't make a list: nobody has typed the province's yet.
        d.as_of_date::date <@ any(select g.days from map_agency as g where g.is_in_catalog) as has_map
    from generate_series(%(first_day)s::timestamp, %(last_day)s::timestamp, interval '1 day') as d (as_of_date)
),

-- A day without a plan of its own year is held against the newest earlier one.
plan as (
    select
        d.as_of_date,
        max(i.plan_year) as plan_year
    from day as d
    inner join mart.indicator as i on i.province_code = %(province)s and d.year >= i.plan_year
    group by d.as_of_date
),

-- A budget year is told until it closes, in January beside the new one; its figures are then its own, not the day's.
reading as (
    select
        i.*,
        d.as_of_date,
        d.has_map,
        case when i.period = 'budget_year' and d.as_of_date <= i.closes_on then i.plan_year else d.year end
            as figure_year
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
    r.as_of_date,
    r.plan_year,
    r.indicator_code,
    r.variant,
    r.figure_year,
    r.figure_year <> r.plan_year as is_of_other_year,
    r.metric,
    r.reported_for,
    r.roll_up,
    r.is_share,
    r.may_exceed_100,
    r.is_target_reported,
    r.comparator,
    r.target,
    -- Where agencies are counted that attain, they are held against the target of the primary reading.
    case r.roll_up when 'agencies_attaining' then p.comparator else r.comparator end as agency_comparator,
    case r.roll_up when 'agencies_attaining' then p.target else r.target end as agency_target,
    r.judged,
    -- The plan names the day on which the survey of its own year is expected; that of a later year comes as much later.
    (r.published_on + make_interval(years => r.figure_year - r.plan_year))::date as published_on,
    r.period,
    r.closes_on,
    r.milestone_days,
    r.milestone_values,
    -- An agency's row follows the pace of the reading whose target it has.
    case r.roll_up when 'agencies_attaining' then 'primary' else r.variant end as agency_variant,
    r.levels,
    -- Who is counted: the named set, else all agencies of the levels.
    r.set_code,
    r.set_is_complete,
    coalesce(r.set_code, r.levels::text) as population_code,
    r.has_map
from reading as r
left join reading as p
    on
        r.as_of_date = p.as_of_date
        and r.plan_year = p.plan_year
        and r.indicator_code = p.indicator_code
        and p.variant = 'primary';

create temporary table member on commit drop as
with by_level as (
    select distinct
        e.population_code,
        e.levels
    from entry as e
    where e.set_code is null
),

named as (
    select distinct e.set_code from entry as e
)

select
    p.population_code,
    g.agency_code,
    g.level,
    g.days
from by_level as p
inner join map_agency as g on g.level = any(p.levels)
union all
select
    p.set_code as population_code,
    g.agency_code,
    g.level,
    g.days * daterange(s.valid_from, s.valid_to) as days
from named as p
inner join core.agency_set_member as s on p.set_code = s.set_code
inner join map_agency as g on s.agency_code = g.agency_code and g.days && daterange(s.valid_from, s.valid_to);

drop table map_agency;
analyze entry;
analyze member;
