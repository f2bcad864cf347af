-- Rows of the attainment table up to the day %(newest)s that have changed since the last evaluation, as they are now;
-- gone ones have no status. A day that wasn't over then was left aside, and is taken with all its rows once it is.
-- Entries that have left the plan are left out.
with mark as (
    select
        m.change_id,
        (m.evaluated_at at time zone 'Asia/Ho_Chi_Minh')::date - 1 as newest
    from ops.alert_watermark as m
    where m.province_code = %(province)s
),

changed as (
    select distinct
        c.as_of_date,
        c.plan_year,
        c.indicator_code,
        c.variant,
        c.agency_code
    from ops.changed_result as c
    where
        c.as_of_date <= %(newest)s
        and (
            c.change_id > coalesce((select m.change_id from mark as m), 0)
            or c.as_of_date > (select m.newest from mark as m)
        )
        and c.variant = any(%(variants)s)
        and (c.agency_code = %(province)s or c.agency_code like %(province)s || '.%%')
)

select
    c.as_of_date,
    c.plan_year,
    c.indicator_code,
    c.variant,
    c.agency_code,
    a.status,
    a.numerator,
    a.denominator,
    a.value,
    a.target,
    a.comparator,
    a.gap,
    a.pace_target,
    a.pace_status,
    a.data_date,
    a.is_stale,
    a.quality_flags,
    a.coverage
from changed as c
left join mart.indicator_attainment as a
    on
        c.as_of_date = a.as_of_date
        and c.plan_year = a.plan_year
        and c.indicator_code = a.indicator_code
        and c.variant = a.variant
        and c.agency_code = a.agency_code
where
    exists (
        select from mart.indicator as i
        where
            i.province_code = %(province)s
            and c.plan_year = i.plan_year
            and c.indicator_code = i.indicator_code
            and c.variant = i.variant
    )
order by c.plan_year, c.indicator_code, c.variant, c.agency_code, c.as_of_date;
