-- Takes indicator_in_force, member and mart.measure.
-- Leaves metric_value: the value of each metric for each agency and day, and the province's pooled increments.
-- An increment adds to its year from 1 January on. Any other value holds until the next one of the same year, and its
-- parts come from one day: values never cross the year.
-- pool is '' for an agency's own value. Else it is the population whose increments the province's value sums: each
-- counts if its agency belonged to the population on the day of the event.
create temporary table metric_value on commit drop as
with wanted as (
    select
        i.metric,
        i.figure_year,
        max(i.as_of_date) as last_day
    from indicator_in_force as i
    where i.metric is not null
    group by i.metric, i.figure_year
),

pooled as (
    select distinct
        i.metric,
        i.figure_year,
        i.population_code
    from indicator_in_force as i
    where i.roll_up = 'pooled'
),

-- Increments before the first day are one sum on that day. The condition on the array repeats the join's: with it the
-- scan reads only these years, by the index measure_increment.
increment as (
    select
        m.metric,
        m.agency_code,
        '' as pool,
        m.figure_year,
        greatest(m.day, %(first_day)s) as day,
        sum(m.value) filter (where m.measure_code = m.metric || '.numerator') as numerator,
        sum(m.value) filter (where m.measure_code = m.metric || '.denominator') as denominator,
        max(m.data_date) as data_date,
        max(m.fresh_until) as fresh_until,
        string_agg(array_to_string(m.quality_flags, ' '), ' ') filter (where m.quality_flags <> '{}') as flags
    from mart.measure as m
    inner join wanted as w on m.metric = w.metric and m.figure_year = w.figure_year
    where
        m.is_increment
        and m.period = 'ytd'
        and m.figure_year = any(array(select y.figure_year from wanted as y))
        and m.day <= %(last_day)s
    group by m.metric, m.agency_code, m.figure_year, greatest(m.day, %(first_day)s)
    union all
    select
        m.metric,
        %(province)s as agency_code,
        p.population_code as pool,
        m.figure_year,
        greatest(m.day, %(first_day)s) as day,
        sum(m.value) filter (where m.measure_code = m.metric || '.numerator') as numerator,
        sum(m.value) filter (where m.measure_code = m.metric || '.denominator') as denominator,
        max(m.data_date) as data_date,
        max(m.fresh_until) as fresh_until,
        string_agg(array_to_string(m.quality_flags, ' '), ' ') filter (where m.quality_flags <> '{}') as flags
    from mart.measure as m
    inner join pooled as p on m.metric = p.metric and m.figure_year = p.figure_year
    inner join member as b
        on p.population_code = b.population_code and m.agency_code = b.agency_code and b.days @> m.day
    where
        m.is_increment
        and m.period = 'ytd'
        and m.figure_year = any(array(select y.figure_year from pooled as y))
        and m.day <= %(last_day)s
    group by m.metric, p.population_code, m.figure_year, greatest(m.day, %(first_day)s)
),

-- A flag stays for the rest of the year: only its first day counts.
first_flag as (
    select
        f.metric,
        f.agency_code,
        f.pool,
        f.figure_year,
        f.day,
        string_agg(f.flag, ' ') as flags
    from (
        select
            i.metric,
            i.agency_code,
            i.pool,
            i.figure_year,
            u.flag,
            min(i.day) as day
        from increment as i
        cross join string_to_table(i.flags, ' ') as u (flag)
        group by i.metric, i.agency_code, i.pool, i.figure_year, u.flag
    ) as f
    group by f.metric, f.agency_code, f.pool, f.figure_year, f.day
),

cumulated as (
    select
        i.metric,
        i.agency_code,
        i.pool,
        i.figure_year,
        i.day,
        true as is_increment,
        sum(i.numerator) over to_day as numerator,
        sum(i.denominator) over to_day as denominator,
        null::numeric as ratio,
        max(i.data_date) over to_day as data_date,
        max(i.fresh_until) over to_day as fresh_until,
        string_agg(f.flags, ' ') over to_day as flags
    from increment as i
    left join first_flag as f
        on
            i.metric = f.metric
            and i.agency_code = f.agency_code
            and i.pool = f.pool
            and i.figure_year = f.figure_year
            and i.day = f.day
    window to_day as (partition by i.metric, i.agency_code, i.pool, i.figure_year order by i.day)
),

wanted_agency as (
    select b.agency_code from member as b
    union
    select %(province)s as agency_code
),

-- Among the values up to the first day only the newest one can hold on that day. `limit 1` reads it alone, by the
-- primary key. All later values follow.
value as (
    select
        n.metric,
        n.agency_code,
        n.figure_year,
        n.day,
        n.measure_code,
        n.value,
        n.data_date,
        n.fresh_until,
        n.quality_flags
    from wanted as w
    cross join wanted_agency as s
    cross join unnest(array['numerator', 'denominator', 'ratio']) as u (part)
    cross join lateral (
        select m.* from mart.measure as m
        where
            m.measure_code = w.metric || '.' || u.part
            and m.agency_code = s.agency_code
            and m.period = 'ytd'
            and m.figure_year = w.figure_year
            and m.day <= %(first_day)s
        order by m.day desc
        limit 1
    ) as n
    where not n.is_increment
    union all
    select
        m.metric,
        m.agency_code,
        m.figure_year,
        m.day,
        m.measure_code,
        m.value,
        m.data_date,
        m.fresh_until,
        m.quality_flags
    from mart.measure as m
    inner join wanted as w on m.metric = w.metric and m.figure_year = w.figure_year
    where not m.is_increment and m.period = 'ytd' and m.day > %(first_day)s and m.day <= %(last_day)s
),

reported as (
    select
        v.metric,
        v.agency_code,
        '' as pool,
        v.figure_year,
        v.day,
        false as is_increment,
        max(v.value) filter (where v.measure_code = v.metric || '.numerator') as numerator,
        max(v.value) filter (where v.measure_code = v.metric || '.denominator') as denominator,
        max(v.value) filter (where v.measure_code = v.metric || '.ratio') as ratio,
        max(v.data_date) as data_date,
        max(v.fresh_until) as fresh_until,
        string_agg(array_to_string(v.quality_flags, ' '), ' ') as flags
    from value as v
    group by v.metric, v.agency_code, v.figure_year, v.day
),

holding as (
    select
        f.*,
        lead(f.day) over (partition by f.metric, f.agency_code, f.pool, f.figure_year order by f.day) as next_day
    from (
        select * from cumulated
        union all
        select * from reported
    ) as f
)

select
    h.metric,
    h.agency_code,
    h.pool,
    h.figure_year,
    d.as_of_date::date as as_of_date,
    h.is_increment,
    h.numerator,
    h.denominator,
    h.ratio,
    h.data_date,
    h.fresh_until,
    h.flags
from holding as h
inner join wanted as w on h.metric = w.metric and h.figure_year = w.figure_year
cross join lateral generate_series(
    greatest(h.day, %(first_day)s)::timestamp, least(h.next_day - 1, w.last_day)::timestamp, interval '1 day'
) as d (as_of_date);

analyze metric_value;
