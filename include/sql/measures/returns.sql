-- Takes core.return_value for periods that end on %(first_day)s to %(last_day)s, and the profile's derived metrics.
-- Leaves new_measure for merge.sql. Values are cumulative from 1 January to the end of their period, and hold from then
-- on. The newest report of an indicator, agency and period end wins, whatever the order of loading: by the data date of
-- its run, then by the modification time of its file, then by the hash.
create temporary table new_measure on commit drop as
with newest as (
    select distinct on (f.indicator_code, f.agency_code, f.period_end)
        f.*,
        extract(year from f.period_end)::int as figure_year,
        -- %(allowed_delay_days)s days after the end of the next period of the same length.
        (n.starts_on + age(n.starts_on, f.period_start))::date - 1 + %(allowed_delay_days)s::int as fresh_until
    from core.return_value as f
    cross join lateral (select (f.period_end + 1)::timestamp as starts_on) as n
    where
        f.source = %(source)s
        and f.period_end between date_trunc('year', %(first_day)s::timestamp) and %(last_day)s
    order by
        f.indicator_code,
        f.agency_code,
        f.period_end,
        f.reported_on desc,
        f.modified_at desc,
        f.content_sha256 desc,
        f.row_no desc
),

derived as (
    select
        r.metric,
        r.definition ->> 'as' as manner,
        array_agg(c.code) as codes
    from jsonb_each(%(derived)s::jsonb) as r (metric, definition)
    cross join jsonb_array_elements_text(r.definition -> 'of') as c (code)
    group by r.metric, manner
),

-- union: each agency's value from the one indicator that it reports. The province's own value of one indicator is no
-- value of them together.
united as (
    select distinct on (d.metric, w.agency_code, w.period_end)
        d.metric as indicator_code,
        w.agency_code,
        w.period_end,
        w.figure_year,
        w.numerator,
        w.denominator,
        w.fresh_until,
        w.quality_flags,
        w.load_id
    from derived as d
    inner join newest as w on w.indicator_code = any(d.codes)
    where d.manner = 'union' and w.agency_code <> %(province)s
    order by
        d.metric,
        w.agency_code,
        w.period_end,
        w.reported_on desc,
        w.modified_at desc,
        w.content_sha256 desc,
        w.row_no desc
),

-- least: the newest value of the year of each indicator, as known at the end of a period.
known as (
    select distinct on (d.metric, e.agency_code, e.period_end, w.indicator_code)
        d.metric,
        cardinality(d.codes) as parts,
        e.period_end as day,
        w.*
    from derived as d
    inner join newest as w on w.indicator_code = any(d.codes)
    inner join (
        select distinct
            x.indicator_code,
            x.agency_code,
            x.figure_year,
            x.period_end
        from newest as x
    ) as e
        on
            e.indicator_code = any(d.codes)
            and w.agency_code = e.agency_code
            and w.figure_year = e.figure_year
            and w.period_end <= e.period_end
    where d.manner = 'least'
    order by d.metric, e.agency_code, e.period_end, w.indicator_code, w.period_end desc
),

joint as (
    select
        k.metric as indicator_code,
        k.agency_code,
        k.day as period_end,
        k.figure_year,
        min(k.numerator) as numerator,
        max(k.denominator) as denominator,
        min(k.fresh_until) as fresh_until,
        string_to_array(string_agg(array_to_string(k.quality_flags, ' '), ' '), ' ') as quality_flags,
        (array_agg(
            k.load_id
            order by k.period_end desc, k.reported_on desc, k.modified_at desc, k.content_sha256 desc, k.row_no desc
        ))[1] as load_id
    from known as k
    group by k.metric, k.agency_code, k.day, k.figure_year, k.parts
    having count(*) = k.parts
),

reported as (
    select
        w.indicator_code,
        w.agency_code,
        w.period_end,
        w.figure_year,
        w.numerator,
        w.denominator,
        w.fresh_until,
        w.quality_flags,
        w.load_id
    from newest as w
    union all
    select * from united
    union all
    select * from joint
)

select
    f.period_end as day,
    'ytd' as period,
    f.figure_year,
    false as is_increment,
    %(source)s || '.' || f.indicator_code || '.' || v.part as measure_code,
    f.agency_code,
    v.value,
    f.period_end as data_date,
    f.fresh_until,
    f.load_id,
    array(
        select distinct u.flag from unnest(f.quality_flags) as u (flag)
        where u.flag <> ''
        order by u.flag
    ) as quality_flags
from reported as f
cross join lateral (
    values
    ('numerator', f.numerator),
    ('denominator', f.denominator)
) as v (part, value)
where f.period_end >= %(first_day)s and v.value is not null;
