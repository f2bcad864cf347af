-- Takes indicator_in_force, member and metric_value.
-- Leaves result: value, target and coverage of each variant, agency and day; the province's is rolled up.
-- Agencies come first, because a province's value may count the agencies that reach their target. Nothing is rounded.
create temporary table result (
    as_of_date date not null,
    plan_year int not null,
    indicator_code text not null,
    variant text not null,
    agency_code text not null,
    is_shown boolean not null,
    is_unpopulated boolean not null,
    is_share boolean not null,
    may_exceed_100 boolean not null,
    comparator text,
    target numeric,
    is_increment boolean,
    numerator numeric,
    denominator numeric,
    ratio numeric,
    data_date date,
    is_fresh boolean not null,
    flags text,
    coverage numeric,
    value numeric generated always as (mart.result_value(is_share, numerator, denominator, ratio)) stored,
    is_invalid boolean generated always as (
        mart.is_invalid(is_share, may_exceed_100, numerator, denominator, ratio)
    ) stored,
    is_reached boolean generated always as (
        mart.is_reached(comparator, mart.sign_of_gap(is_share, numerator, denominator, ratio, target))
    ) stored
) on commit drop;

insert into result (
    as_of_date, plan_year, indicator_code, variant, agency_code, is_shown, is_unpopulated, is_share, may_exceed_100,
    comparator, target, is_increment, numerator, denominator, ratio, data_date, is_fresh, flags, coverage
)
select
    i.as_of_date,
    i.plan_year,
    i.indicator_code,
    i.variant,
    m.agency_code,
    m.level = any(i.levels) as is_shown,
    false as is_unpopulated,
    i.is_share,
    i.may_exceed_100,
    i.agency_comparator as comparator,
    case when i.is_target_reported then v.denominator else i.agency_target end as target,
    v.is_increment,
    v.numerator,
    v.denominator,
    v.ratio,
    v.data_date,
    coalesce(i.as_of_date <= v.fresh_until, false) as is_fresh,
    v.flags,
    case when i.reported_for = 'agencies' then coalesce(i.as_of_date <= v.fresh_until, false)::int end as coverage
from indicator_in_force as i
inner join member as m on i.population_code = m.population_code and m.days @> i.as_of_date
left join metric_value as v
    on
        i.metric = v.metric
        and m.agency_code = v.agency_code
        and v.pool = ''
        and i.figure_year = v.figure_year
        and i.as_of_date = v.as_of_date;

with counted as (
    select
        r.as_of_date,
        r.plan_year,
        r.indicator_code,
        r.variant,
        count(*) as agencies,
        count(*) filter (where r.is_fresh) as fresh_agencies,
        count(r.value) as reporting_agencies,
        count(r.is_reached) as judged_agencies,
        count(*) filter (where r.denominator = 0) as idle_agencies,
        count(*) filter (where r.is_reached and not r.is_invalid) as attaining_agencies,
        -- An agency that gives only one of a share's two parts is left out of both sums.
        sum(r.numerator) filter (where r.denominator is not null or not r.is_share) as numerator,
        sum(r.denominator) filter (where r.numerator is not null) as denominator,
        bool_or(r.is_increment) as is_increment,
        max(r.data_date) as data_date,
        bool_or(r.is_fresh) as is_fresh,
        string_agg(r.flags, ' ') as flags
    from result as r
    group by r.as_of_date, r.plan_year, r.indicator_code, r.variant
),

-- A silent agency counts in the denominator of a share of agencies; where all are silent nothing is known.
rolled_up as (
    select
        c.as_of_date,
        c.plan_year,
        c.indicator_code,
        c.variant,
        c.data_date,
        c.is_fresh,
        case i.roll_up when 'agencies_attaining' then c.attaining_agencies else c.numerator end as numerator,
        case i.roll_up
            when 'pooled' then c.denominator
            when 'share_of_agencies' then c.agencies
            else c.agencies - c.idle_agencies
        end as denominator,
        concat_ws(
            ' ', c.flags, case when i.roll_up <> 'pooled' and c.fresh_agencies < c.agencies then 'partial' end
        ) as flags
    from counted as c
    inner join indicator_in_force as i
        on
            c.as_of_date = i.as_of_date
            and c.plan_year = i.plan_year
            and c.indicator_code = i.indicator_code
            and c.variant = i.variant
    where
        case i.roll_up
            when 'pooled' then not c.is_increment  -- 2_metric_values.sql pools increments by the day of the event
            when 'share_of_agencies' then c.reporting_agencies > 0
            when 'agencies_attaining' then c.judged_agencies > 0 or c.idle_agencies = c.agencies
        end
)

insert into result (
    as_of_date, plan_year, indicator_code, variant, agency_code, is_shown, is_unpopulated, is_share, may_exceed_100,
    comparator, target, numerator, denominator, ratio, data_date, is_fresh, flags, coverage
)
select
    i.as_of_date,
    i.plan_year,
    i.indicator_code,
    i.variant,
    %(province)s as agency_code,
    true as is_shown,
    coalesce(i.has_map and c.agencies is null and i.set_is_complete, false) as is_unpopulated,
    i.is_share,
    i.may_exceed_100,
    i.comparator,
    case when i.is_target_reported then coalesce(v.denominator, r.denominator) else i.target end as target,
    coalesce(v.numerator, r.numerator) as numerator,
    coalesce(v.denominator, r.denominator) as denominator,
    v.ratio,
    coalesce(v.data_date, r.data_date) as data_date,
    coalesce(i.as_of_date <= v.fresh_until, r.is_fresh, false) as is_fresh,
    case when v.metric is not null and i.roll_up = 'share_of_agencies' then concat_ws(' ', v.flags, 'sent_by_lead')
        else coalesce(v.flags, r.flags)
    end as flags,
    case when i.reported_for = 'agencies' then c.fresh_agencies::numeric / c.agencies end as coverage
from indicator_in_force as i
left join metric_value as v
    on
        i.roll_up <> 'agencies_attaining'
        and i.metric = v.metric
        and v.agency_code = %(province)s
        and v.pool = case i.roll_up when 'pooled' then i.population_code else '' end
        and i.figure_year = v.figure_year
        and i.as_of_date = v.as_of_date
left join rolled_up as r
    on
        v.metric is null
        and i.as_of_date = r.as_of_date
        and i.plan_year = r.plan_year
        and i.indicator_code = r.indicator_code
        and i.variant = r.variant
left join counted as c
    on
        i.as_of_date = c.as_of_date
        and i.plan_year = c.plan_year
        and i.indicator_code = c.indicator_code
        and i.variant = c.variant;

drop table member, metric_value;
