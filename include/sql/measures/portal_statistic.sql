-- Takes core.portal_statistic and core.portal_department for the data dates %(first_day)s to %(last_day)s.
-- Leaves new_measure for merge.sql: the values of those days, and of the months that were captured on them.
-- The flags repeated_snapshot and fell compare a day with the data date before it, whatever the order of loading.
create temporary table new_measure on commit drop as
with yearly as (
    select s.*
    from core.portal_statistic as s
    where
        s.source = %(source)s
        and s.period = 'year'
        and s.data_date between %(first_day)s and %(last_day)s
        -- A closed year that is asked for later describes no day of that year.
        and date_trunc('year', s.data_date) = s.period_start
),

-- The days are compared with each other and with one earlier snapshot, the newest before the first day.
compared_from as (
    select
        y.entity,
        y.period_start,
        coalesce(
            (
                select p.data_date
                from core.portal_statistic as p
                where
                    p.source = %(source)s
                    and p.data_date < %(first_day)s
                    and p.period = 'year'
                    and p.period_start = y.period_start
                    and p.entity = y.entity
                order by p.data_date desc
                limit 1
            ),
            %(first_day)s
        ) as data_date
    from (
        select distinct
            t.entity,
            t.period_start
        from yearly as t
    ) as y
),

snapshot as (
    select
        s.entity,
        s.period_start,
        s.data_date,
        md5(string_agg(
            concat_ws(
                '|',
                s.metric, s.department_id, trim_scale(s.numerator), trim_scale(s.denominator), trim_scale(s.ratio)
            ),
            ','
            order by s.metric, s.department_id
        )) as content
    from core.portal_statistic as s
    inner join compared_from as f
        on s.entity = f.entity and s.period_start = f.period_start and s.data_date >= f.data_date
    where
        s.source = %(source)s
        and s.period = 'year'
        -- The join has this condition too, but an index can't use it there: a day must not read its whole year.
        and s.data_date between (select min(m.data_date) from compared_from as m) and %(last_day)s
    group by s.entity, s.period_start, s.data_date
),

chain as (
    select
        n.*,
        lag(n.data_date) over by_entity as previous_date,
        n.content = lag(n.content) over by_entity as is_repeated
    from snapshot as n
    window by_entity as (partition by n.entity, n.period_start order by n.data_date)
),

compared as (
    select
        y.*,
        y.data_date as day,
        'ytd' as measure_period,
        array_remove(array[
            case when c.is_repeated then 'repeated_snapshot' end,
            case when y.numerator < p.numerator or y.denominator < p.denominator then 'fell' end
        ], null) as day_flags
    from yearly as y
    inner join chain as c
        on y.entity = c.entity and y.period_start = c.period_start and y.data_date = c.data_date
    left join core.portal_statistic as p
        on
            y.source = p.source
            and c.previous_date = p.data_date
            and y.period = p.period
            and y.period_start = p.period_start
            and y.metric = p.metric
            and y.department_id = p.department_id
            and p.data_date >= (select min(m.data_date) from compared_from as m)
),

monthly as (
    select distinct on (s.period_start, s.metric, s.department_id)
        s.*,
        (s.period_start + interval '1 month - 1 day')::date as day,
        'month' as measure_period,
        '{}'::text[] as day_flags
    from core.portal_statistic as s
    where
        s.source = %(source)s
        and s.period = 'month'
        and s.period_start in (
            select m.period_start from core.portal_statistic as m
            where
                m.source = %(source)s
                and m.period = 'month'
                and m.data_date between %(first_day)s and %(last_day)s
        )
    order by s.period_start, s.metric, s.department_id, s.data_date desc
),

fact as (
    select * from compared
    union all
    select * from monthly
),

-- handling-satisfaction and transparency give no code: the department's code is that of the day, else of the newest day
-- before it.
department as (
    select distinct on (f.department_id, f.data_date)
        f.department_id,
        f.data_date,
        d.data_date as known_on,
        case when f.is_root then %(province)s else d.department_code end as agency_code
    from (
        select distinct
            x.department_id,
            x.data_date,
            x.is_root
        from fact as x
    ) as f
    left join core.portal_department as d
        on
            d.source = %(source)s
            and f.department_id = d.department_id
            and f.data_date >= d.data_date
            and d.department_code is not null
    order by f.department_id, f.data_date, d.data_date desc
)

-- A department may get another id: the newest data wins, then the id that carried the code last.
select distinct on (f.day, f.measure_period, f.metric, v.part, d.agency_code)
    f.day,
    f.measure_period as period,
    extract(year from f.day)::int as figure_year,
    false as is_increment,
    %(source)s || '.' || f.metric || '.' || v.part as measure_code,
    d.agency_code,
    v.value,
    f.data_date,
    f.data_date + %(allowed_delay_days)s as fresh_until,
    f.load_id,
    array(
        select distinct u.flag from unnest(
            f.quality_flags || f.day_flags || case
                when not exists (
                    select from core.agency_catalog as c
                    where
                        c.agency_code = d.agency_code
                        and c.valid_from <= f.data_date
                        and (c.valid_to is null or c.valid_to > f.data_date)
                ) then array['agency_not_in_catalog']
            end
        ) as u (flag)
        order by u.flag
    ) as quality_flags
from fact as f
inner join department as d on f.department_id = d.department_id and f.data_date = d.data_date
cross join lateral (
    values
    ('numerator', f.numerator),
    ('denominator', f.denominator),
    ('ratio', case when f.numerator is null then f.ratio end),
    ('rate', case when f.metric = 'on_time' then f.numerator * 100 / nullif(f.denominator, 0) end)
) as v (part, value)
where v.value is not null and d.agency_code is not null
order by
    f.day,
    f.measure_period,
    f.metric,
    v.part,
    d.agency_code,
    f.data_date desc,
    d.known_on desc nulls last,
    f.department_id desc;
