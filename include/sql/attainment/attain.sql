-- Attainment of the plan of %(province)s for each day from %(first_day)s to %(last_day)s; rulings.md, Status and Rows.
-- Leaves the table new_attainment for store.sql.
create temporary table new_attainment on commit drop as
with day as (
    select d.as_of_date::date as as_of_date
    from generate_series(%(first_day)s::timestamp, %(last_day)s::timestamp, interval '1 day') as d (as_of_date)
),

-- A day without a plan of its own year is held against the newest earlier one.
plan as (
    select
        d.as_of_date,
        p.plan_year,
        p.plan_year <> extract(year from d.as_of_date) as is_of_other_year,
        least(d.as_of_date, make_date(p.plan_year, 12, 31)) as target_date
    from day as d
    cross join lateral (
        select max(i.plan_year) as plan_year from mart.indicator as i
        where i.province_code = %(province)s and i.plan_year <= extract(year from d.as_of_date)
    ) as p
    where p.plan_year is not null
),

entry as (
    select
        p.as_of_date,
        p.is_of_other_year,
        i.*
    from plan as p
    inner join mart.indicator as i
        on
            i.province_code = %(province)s
            and p.plan_year = i.plan_year
            and i.valid_from <= p.target_date
            and (i.valid_to is null or i.valid_to > p.target_date)
),

agency as (
    select
        d.as_of_date,
        g.agency_code,
        g.level
    from day as d
    inner join core.agency as g
        on
            g.valid_from <= d.as_of_date
            and (g.valid_to is null or g.valid_to > d.as_of_date)
            and g.agency_code like %(province)s || '.%%'
),

-- Who is counted: the named set, else all agencies of the levels. Whose rows are shown: those of the levels.
population as (
    select
        e.as_of_date,
        e.indicator_code,
        e.variant,
        g.agency_code,
        g.level = any(e.levels) as is_shown
    from entry as e
    inner join agency as g
        on
            e.as_of_date = g.as_of_date
            and case
                when e.set_code is null then g.level = any(e.levels)
                else exists (
                    select from core.agency_set_member as s
                    where
                        s.set_code = e.set_code
                        and s.agency_code = g.agency_code
                        and s.valid_from <= e.as_of_date
                        and (s.valid_to is null or s.valid_to > e.as_of_date)
                )
            end
),

cell as (
    select
        e.as_of_date,
        e.indicator_code,
        e.variant,
        %(province)s as agency_code,
        true as is_province,
        true as is_shown
    from entry as e
    union all
    select
        p.as_of_date,
        p.indicator_code,
        p.variant,
        p.agency_code,
        false as is_province,
        p.is_shown
    from population as p
),

-- The parts of one figure come from one day of data; it holds until the next one of the same year.
figure as (
    select
        m.metric,
        m.agency_code,
        m.day,
        lead(m.day) over (partition by m.metric, m.agency_code order by m.day) as next_day,
        max(m.value) filter (where m.measure_code = m.metric || '.numerator') as numerator,
        max(m.value) filter (where m.measure_code = m.metric || '.denominator') as denominator,
        max(m.value) filter (where m.measure_code = m.metric || '.ratio') as ratio,
        max(m.data_date) as data_date,
        string_to_array(string_agg(array_to_string(m.quality_flags, ' '), ' '), ' ') as quality_flags
    from mart.measure as m
    where
        m.period = 'ytd'
        and m.day between date_trunc('year', %(first_day)s::timestamp) and %(last_day)s
    group by m.metric, m.agency_code, m.day
),

measured as (
    select
        c.is_province,
        c.is_shown,
        c.agency_code,
        e.*,
        f.numerator,
        f.denominator,
        f.data_date,
        f.quality_flags,
        coalesce(case when e.is_share then f.numerator * 100 / nullif(f.denominator, 0) else f.numerator end, f.ratio)
            as value,
        coalesce(
            f.data_date >= e.as_of_date - coalesce((%(allowed_delay_days)s::jsonb ->> e.source)::int, 0), false
        ) as is_fresh
    from cell as c
    inner join entry as e
        on c.as_of_date = e.as_of_date and c.indicator_code = e.indicator_code and c.variant = e.variant
    left join figure as f
        on
            e.metric = f.metric
            and c.agency_code = f.agency_code
            and e.as_of_date >= f.day
            and (f.next_day is null or e.as_of_date < f.next_day)
            and date_trunc('year', f.day) = date_trunc('year', e.as_of_date)
),

covered as (
    select
        m.*,
        count(*) filter (where not m.is_province) over by_entry as population_size,
        count(*) filter (where not m.is_province and m.is_fresh) over by_entry as fresh_agencies,
        d.as_of_date is not null as has_map
    from measured as m
    left join (select distinct g.as_of_date from agency as g) as d on m.as_of_date = d.as_of_date
    window by_entry as (partition by m.as_of_date, m.indicator_code, m.variant)
),

judged as (
    select
        c.*,
        case
            when c.is_province and c.has_map and c.population_size = 0 and c.set_is_complete then 'not_applicable'
            when c.denominator = 0 and c.is_share then 'not_applicable'
            when c.value is null or c.target is null or c.comparator is null then 'no_data'
            when
                c.numerator < 0 or c.denominator < 0
                or (c.is_share and (c.numerator > c.denominator or c.value < 0 or c.value > 100))
                then 'invalid'
            when
                case c.comparator
                    when '>=' then t.measured >= t.needed
                    when '>' then t.measured > t.needed
                    when '=' then t.measured = t.needed
                end
                then 'attained'
            when c.judged = 'year_end' and c.as_of_date < c.closes_on then 'pending'
            when c.judged = 'yearly_survey' and c.as_of_date < c.published_on then 'pending'
            else 'missed'
        end as status
    from covered as c
    -- Shares are compared by multiplying out: 89.996 %% shows as 90.00 and does not pass.
    cross join lateral (
        select
            case when c.is_share and c.denominator is not null then c.numerator * 100 else c.value end as measured,
            case when c.is_share and c.denominator is not null then c.target * c.denominator else c.target end as needed
    ) as t
)

select
    j.as_of_date,
    j.plan_year,
    j.indicator_code,
    j.variant,
    j.agency_code,
    j.numerator,
    j.denominator,
    j.value,
    j.comparator,
    j.target,
    j.status,
    j.value - j.target as gap,
    j.data_date,
    j.data_date is not null and not j.is_fresh as is_stale,
    array(
        select distinct u.flag from unnest(
            coalesce(j.quality_flags, '{}') || case when j.is_of_other_year then array['plan_of_other_year'] end
        ) as u (flag)
        where u.flag <> ''
        order by u.flag
    ) as quality_flags,
    case
        when j.figures_for = 'province' then null
        when j.is_province then j.fresh_agencies::numeric / nullif(j.population_size, 0)
        else j.is_fresh::int
    end as coverage
from judged as j
where j.is_shown;
