-- Takes core.office_unit_day for the days %(first_day)s to %(last_day)s.
-- Leaves new_measure for merge.sql: the amount that each day adds, for each unit and for the province. The province
-- is the sum over all units, unregistered ones included.
-- Increments, because attainment pools them over the agencies of a set on the day of the event. Secret documents are in
-- no column that is summed.
create temporary table new_measure on commit drop as
with unit as (
    select
        d.*,
        d.quality_flags || case
            when not exists (
                select from core.agency_catalog as c
                where
                    c.agency_code = d.agency_code
                    and c.valid_from <= d.day
                    and (c.valid_to is null or c.valid_to > d.day)
            ) then array['agency_not_in_catalog']
        end as flags
    from core.office_unit_day as d
    where d.source = %(source)s and d.day between %(first_day)s and %(last_day)s
),

flagged_day as (
    select
        u.day,
        array_agg(distinct f.flag order by f.flag) as flags
    from unit as u
    cross join unnest(u.flags) as f (flag)
    group by u.day
),

counted as (
    select
        u.day,
        u.agency_code,
        u.received,
        u.sent,
        u.sent_without_paper,
        u.sent_with_paper,
        u.processed_online,
        u.work_files,
        u.work_files_online,
        u.load_id,
        array(select distinct f.flag from unnest(u.flags) as f (flag) order by f.flag) as flags
    from unit as u
    -- A unit under the province's own code is a part of the province's sum.
    where u.agency_code <> %(province)s
    union all
    select
        u.day,
        %(province)s as agency_code,
        sum(u.received) as received,
        sum(u.sent) as sent,
        sum(u.sent_without_paper) as sent_without_paper,
        sum(u.sent_with_paper) as sent_with_paper,
        sum(u.processed_online) as processed_online,
        sum(u.work_files) as work_files,
        sum(u.work_files_online) as work_files_online,
        -- A sum comes from many loads: the newest report stands for them.
        (array_agg(u.load_id order by l.data_date desc, l.content_sha256 desc, u.load_id desc))[1] as load_id,
        coalesce(f.flags, '{}') as flags
    from unit as u
    inner join ops.load as l on u.load_id = l.load_id
    left join flagged_day as f on u.day = f.day
    group by u.day, f.flags
)

select
    c.day,
    'ytd' as period,
    extract(year from c.day)::int as figure_year,
    true as is_increment,
    %(source)s || '.' || m.measure as measure_code,
    c.agency_code,
    m.value,
    c.day as data_date,
    c.day + %(allowed_delay_days)s as fresh_until,
    c.load_id,
    c.flags as quality_flags
from counted as c
cross join lateral (
    values
    ('sent_electronically.numerator', c.sent_without_paper + c.sent_with_paper),
    ('sent_electronically.denominator', c.sent),
    ('sent_without_paper.numerator', c.sent_without_paper),
    ('sent_without_paper.denominator', c.sent),
    ('processed_online.numerator', c.processed_online + c.work_files_online),
    ('processed_online.denominator', c.received + c.sent + c.work_files)
) as m (measure, value);
