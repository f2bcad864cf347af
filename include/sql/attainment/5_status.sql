-- Takes result, indicator_in_force and pace.
-- Leaves new_attainment: the rows that mart.indicator_attainment must have for these days and this province.
-- A result is judged last, when the value of every agency and the due value of the day are known.
create temporary table new_attainment on commit drop as
select
    r.as_of_date,
    r.plan_year,
    i.figure_year,
    r.indicator_code,
    r.variant,
    r.agency_code,
    r.numerator,
    r.denominator,
    r.value,
    r.comparator,
    r.target,
    s.status,
    r.value - r.target as gap,
    d.due / p.divisor as pace_target,
    case
        when p.divisor is null or s.status in ('not_applicable', 'no_data', 'invalid') then 'none'
        when s.status = 'attained' then 'on_track'
        when
            s.status = 'pending'
            and coalesce(
                case
                    when r.is_share then r.numerator * 100 * p.divisor >= d.due * r.denominator
                    else r.numerator * p.divisor >= d.due
                end,
                r.ratio * p.divisor >= d.due
            )
            then 'on_track'
        else 'behind'
    end as pace_status,
    r.data_date,
    r.data_date is not null and not r.is_fresh as is_stale,
    array(
        select distinct u.flag
        from string_to_table(
            concat_ws(
                ' ',
                r.flags,
                case
                    when mart.is_over_100(r.is_share, r.may_exceed_100, r.numerator, r.denominator, r.ratio)
                        then 'over_100'
                end,
                case when i.is_of_other_year then 'plan_of_other_year' end
            ),
            ' '
        ) as u (flag)
        where u.flag <> ''
        order by u.flag
    ) as quality_flags,
    r.coverage,
    %(run_id)s as run_id,
    clock_timestamp() as computed_at
from result as r
inner join indicator_in_force as i
    on
        r.as_of_date = i.as_of_date
        and r.plan_year = i.plan_year
        and r.indicator_code = i.indicator_code
        and r.variant = i.variant
left join pace as p
    on
        i.as_of_date = p.as_of_date
        and i.plan_year = p.plan_year
        and i.indicator_code = p.indicator_code
        and case r.agency_code when %(province)s then i.variant else i.agency_variant end = p.variant
-- The due value times the divisor: a comparison that divides nothing rounds nothing.
cross join lateral (select p.fixed + p.weight * r.target as due) as d
cross join lateral (
    select
        mart.result_status(
            r.is_unpopulated or (r.is_share and r.denominator = 0),
            r.value is not null,
            r.is_invalid,
            r.is_reached,
            i.judged,
            r.as_of_date,
            i.published_on,
            i.closes_on
        ) as status
) as s
where r.is_shown;

drop table indicator_in_force, result, pace;
