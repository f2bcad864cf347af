-- Brings mart.indicator_attainment to what new_attainment says, within its days and the province's agencies.
-- A row that says the same keeps its run and its time.
delete from mart.indicator_attainment as a
where
    a.as_of_date between %(first_day)s and %(last_day)s
    and a.province_code = %(province)s
    and not exists (
        select from new_attainment as n
        where
            n.as_of_date = a.as_of_date
            and n.plan_year = a.plan_year
            and n.indicator_code = a.indicator_code
            and n.variant = a.variant
            and n.agency_code = a.agency_code
    );

merge into mart.indicator_attainment as a
using new_attainment as n
    on
        a.as_of_date between %(first_day)s and %(last_day)s  -- not all the table is read for a few days of it
        and a.as_of_date = n.as_of_date
        and a.plan_year = n.plan_year
        and a.indicator_code = n.indicator_code
        and a.variant = n.variant
        and a.agency_code = n.agency_code
when matched and (
    a.figure_year, a.numerator, a.denominator, a.value, a.comparator, a.target, a.status, a.gap, a.pace_target, a.pace_status,
    a.data_date, a.is_stale, a.quality_flags, a.coverage
) is distinct from (
    n.figure_year, n.numerator, n.denominator, n.value, n.comparator, n.target, n.status, n.gap, n.pace_target, n.pace_status,
    n.data_date, n.is_stale, n.quality_flags, n.coverage
) then
    update set
        figure_year = n.figure_year,
        numerator = n.numerator,
        denominator = n.denominator,
        value = n.value,
        comparator = n.comparator,
        target = n.target,
        status = n.status,
        gap = n.gap,
        pace_target = n.pace_target,
        pace_status = n.pace_status,
        data_date = n.data_date,
        is_stale = n.is_stale,
        quality_flags = n.quality_flags,
        coverage = n.coverage,
        run_id = %(run_id)s,
        computed_at = clock_timestamp()
when not matched then
    insert (
        as_of_date, plan_year, figure_year, indicator_code, variant, agency_code, numerator, denominator, value,
        comparator, target, status, gap, pace_target, pace_status, data_date, is_stale, quality_flags, coverage, run_id, computed_at
    )
    values (
        n.as_of_date, n.plan_year, n.figure_year, n.indicator_code, n.variant, n.agency_code, n.numerator, n.denominator, n.value,
        n.comparator, n.target, n.status, n.gap, n.pace_target, n.pace_status, n.data_date, n.is_stale, n.quality_flags,
        n.coverage, %(run_id)s, clock_timestamp()
    );

drop table new_attainment;
