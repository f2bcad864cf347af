-- A required rate is rounded up to 0.01 and a past rate down: an agency that keeps the required rate reaches the
-- target. Quotients are rounded by div() and mod(), which are exact.
create or replace view mart.required_rate as
select
    r.as_of_date,
    r.plan_year,
    r.indicator_code,
    r.variant,
    r.agency_code,
    r.province_code,
    y.closes_on as by_date,
    (div(p.missing, d.days_left) + (mod(p.missing, d.days_left) > 0)::int) * 0.01 as per_week,
    case
        when i.judged = 'year_end' and i.period in ('budget_year', 'year_to_date')
            then (div(p.brought, d.days_gone) - (mod(p.brought, d.days_gone) < 0)::int) * 0.01
    end as so_far_per_week,
    (div(p.rest, p.to_come) + (mod(p.rest, p.to_come) > 0)::int) * 0.01 as rest_pct
from mart.indicator_result as r
inner join mart.indicator_latest as i
    on
        r.province_code = i.province_code
        and r.plan_year = i.plan_year
        and r.indicator_code = i.indicator_code
        and r.variant = i.variant
-- A plan that serves a later year closes on the same day of that year.
cross join lateral (
    select
        make_date(r.figure_year, 1, 1) as begins_on,
        mart.shift_years(i.closes_on, r.plan_year, r.figure_year) as closes_on
) as y
cross join lateral (
    select
        r.as_of_date - y.begins_on + 1 as days_gone,
        y.closes_on - r.as_of_date as days_left,
        -- Only these denominators grow with the cases of the year; a plan's amount or a number of agencies stands.
        i.is_share
        and i.period = 'year_to_date'
        and i.judged = 'as_reported'
        and i.roll_up not in ('share_of_agencies', 'agencies_attaining')
        and r.denominator > 0 as is_growing
) as d
-- Hundredths of points a week; parts of the rest that must comply, if cases go on coming at the same rate.
cross join lateral (
    select
        (r.target - r.value) * 700 as missing,
        r.value * 700 as brought,
        case
            when d.is_growing
                then
                    (r.target * r.denominator * (d.days_gone + d.days_left) - r.numerator * 100 * d.days_gone) * 100
        end as rest,
        case when d.is_growing then r.denominator * d.days_left end as to_come
) as p
where r.value < r.target and r.as_of_date >= y.begins_on and r.as_of_date < y.closes_on;
comment on view mart.required_rate is 'Weekly rate that each result below its target needs until the closing day, beside the rate of the year so far.';
comment on column mart.required_rate.by_date is 'Closing day: the target must be reached at its end.';
comment on column mart.required_rate.per_week is 'Required change a week from the end of as_of_date to by_date, in the unit of value (points for shares); rounded up to 0.01.';
comment on column mart.required_rate.so_far_per_week is 'Change a week from 1 January to as_of_date, in the unit of value; rounded down to 0.01. NULL unless the value begins each year at zero.';
comment on column mart.required_rate.rest_pct is 'Percentage of the cases still to come that must comply, if as many come a day as until as_of_date; rounded up to 0.01, above 100 the target is out of reach. NULL unless the denominator grows over the year.';
-- A column means here what it means there.
select ops.copy_comments('mart.required_rate', 'mart.indicator_attainment');
grant select on mart.required_rate to cchc_loader, cchc_analyst;
