-- Takes mart.indicator_attainment; `province` is the root agency's code, `first` and `last` are two as-of dates.
-- Leaves nothing.
-- Answers with the province's primary results whose value or status differs between the two dates.
select
    b.indicator_code,
    a.value as value_before,
    b.value as value_after,
    a.status as status_before,
    b.status as status_after
from mart.indicator_attainment as a
inner join mart.indicator_attainment as b
    on
        a.agency_code = b.agency_code
        and a.plan_year = b.plan_year
        and a.indicator_code = b.indicator_code
        and a.variant = b.variant
where
    a.agency_code = %(province)s
    and a.as_of_date = %(first)s
    and b.as_of_date = %(last)s
    and a.variant = 'primary'
    and (a.value, a.status) is distinct from (b.value, b.status)
order by b.indicator_code;
