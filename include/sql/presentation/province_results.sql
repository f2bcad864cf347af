-- Takes mart.indicator_attainment and mart.indicator; `province` is the root agency's code, `day` the as-of date.
-- Leaves nothing.
-- Answers with the province's primary results of the day in the plan's order, each with its indicator's short name.
select
    a.indicator_code,
    i.short_name_vi,
    a.value,
    a.comparator,
    a.target,
    a.status,
    a.gap,
    a.data_date,
    a.is_stale,
    a.quality_flags
from mart.indicator_attainment as a
inner join mart.indicator as i
    on
        a.agency_code = i.province_code
        and a.plan_year = i.plan_year
        and a.indicator_code = i.indicator_code
        and a.variant = i.variant
        and a.as_of_date >= i.valid_from
        and coalesce(a.as_of_date < i.valid_to, true)
where a.agency_code = %(province)s and a.as_of_date = %(day)s and a.variant = 'primary'
order by i.ordinal;
