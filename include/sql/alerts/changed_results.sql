-- Results up to the day %(newest)s that have changed since the last evaluation, as they are now; a deleted one has keys
-- only. A day that wasn't over then was skipped: all its results count as changed once it is over. Results of
-- indicators that have left the plan are left out.
with watermark as (
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
        f.figure_year,
        c.indicator_code,
        c.variant,
        c.agency_code,
        i.province_code
    from ops.changed_result as c
    inner join mart.indicator_latest as i
        on
            c.province_code = i.province_code
            and c.plan_year = i.plan_year
            and c.indicator_code = i.indicator_code
            and c.variant = i.variant
    cross join lateral mart.figure_year(c.as_of_date, i.plan_year, i.period, i.closes_on) as f (figure_year)
    where
        c.province_code = %(province)s
        and c.as_of_date <= %(newest)s
        and (
            c.change_id > coalesce((select w.change_id from watermark as w), 0)
            or c.as_of_date > (select w.newest from watermark as w)
        )
        and c.variant = any(%(variants)s)
)

-- A deleted result has no row on the right side: using() keeps its key.
select *
from changed
left join mart.indicator_result
    using (  -- noqa: ST07
        as_of_date, plan_year, figure_year, indicator_code, variant, agency_code, province_code
    )
order by plan_year, indicator_code, variant, agency_code, as_of_date;
