-- The results of one plan, year, indicator, variant and agency over days are a series. A result whose indicator has
-- left the plan belongs to no series.
create or replace view mart.indicator_result as
select
    a.as_of_date,
    a.plan_year,
    a.figure_year,
    a.indicator_code,
    a.variant,
    a.agency_code,
    a.province_code,
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
from mart.indicator_attainment as a
where
    exists (
        select from mart.indicator as i
        where
            a.province_code = i.province_code
            and a.plan_year = i.plan_year
            and a.indicator_code = i.indicator_code
            and a.variant = i.variant
    );
comment on view mart.indicator_result is 'Results of the indicators that are in a plan, as the alerts read them: those of one plan_year, figure_year, indicator, variant and agency are a series over days.';
-- A column means here what it means there.
select ops.copy_comments('mart.indicator_result', 'mart.indicator_attainment');
grant select on mart.indicator_result to cchc_loader, cchc_analyst;
