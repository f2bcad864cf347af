-- Fourth step: a cell for each entry and agency, the province's rolled up from them, its status and whether it keeps
-- pace. Takes entry, member, pace and figure, leaves new_attainment for store.sql.
-- Shares are compared by multiplying out: 89.996 %% shows as 90.00 and does not pass.
create temporary table cell (
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
    value numeric generated always as (
        coalesce(case when is_share then numerator * 100 / nullif(denominator, 0) else numerator end, ratio)
    ) stored,
    is_invalid boolean generated always as (
        coalesce(least(numerator, denominator, ratio) < 0, false)
        or coalesce(is_share and not may_exceed_100 and (numerator > denominator or ratio > 100), false)
    ) stored,
    is_over_100 boolean generated always as (
        coalesce(
            is_share
            and may_exceed_100
            and least(numerator, denominator, ratio) >= 0
            and denominator is distinct from 0
            and (numerator > denominator or ratio > 100),
            false
        )
    ) stored,
    is_reached boolean generated always as (
        sign(coalesce(
            case
                when is_share then numerator * 100 - target * nullif(denominator, 0)
                else numerator - target
            end,
            ratio - target
        )) = any(
            case comparator
                when '>=' then '{0, 1}'::numeric[]
                when '>' then '{1}'::numeric[]
                when '=' then '{0}'::numeric[]
            end
        )
    ) stored
) on commit drop;

insert into cell (
    as_of_date, plan_year, indicator_code, variant, agency_code, is_shown, is_unpopulated, is_share, may_exceed_100,
    comparator, target, is_increment, numerator, denominator, ratio, data_date, is_fresh, flags, coverage
)
select
    e.as_of_date,
    e.plan_year,
    e.indicator_code,
    e.variant,
    m.agency_code,
    m.level = any(e.levels) as is_shown,
    false as is_unpopulated,
    e.is_share,
    e.may_exceed_100,
    e.agency_comparator as comparator,
    case when e.is_target_reported then f.denominator else e.agency_target end as target,
    f.is_increment,
    f.numerator,
    f.denominator,
    f.ratio,
    f.data_date,
    coalesce(e.as_of_date <= f.fresh_until, false) as is_fresh,
    f.flags,
    case when e.reported_for = 'agencies' then coalesce(e.as_of_date <= f.fresh_until, false)::int end as coverage
from entry as e
inner join member as m on e.population_code = m.population_code and m.days @> e.as_of_date
left join figure as f
    on
        e.metric = f.metric
        and m.agency_code = f.agency_code
        and f.pool = ''
        and e.figure_year = f.figure_year
        and e.as_of_date = f.as_of_date;

with counted as (
    select
        c.as_of_date,
        c.plan_year,
        c.indicator_code,
        c.variant,
        count(*) as agencies,
        count(*) filter (where c.is_fresh) as fresh_agencies,
        count(c.value) as told_agencies,
        count(c.is_reached) as judged_agencies,
        count(*) filter (where c.denominator = 0) as idle_agencies,
        count(*) filter (where c.is_reached and not c.is_invalid) as attaining_agencies,
        -- Half a share adds nothing to a sum of shares.
        sum(c.numerator) filter (where c.denominator is not null or not c.is_share) as numerator,
        sum(c.denominator) filter (where c.numerator is not null) as denominator,
        bool_or(c.is_increment) as is_increment,
        max(c.data_date) as data_date,
        bool_or(c.is_fresh) as is_fresh,
        string_agg(c.flags, ' ') as flags
    from cell as c
    group by c.as_of_date, c.plan_year, c.indicator_code, c.variant
),

-- An agency that says nothing is in the denominator of a share of agencies; where none says anything nothing is known.
rolled as (
    select
        c.as_of_date,
        c.plan_year,
        c.indicator_code,
        c.variant,
        c.data_date,
        c.is_fresh,
        case e.roll_up when 'agencies_attaining' then c.attaining_agencies else c.numerator end as numerator,
        case e.roll_up
            when 'pooled' then c.denominator
            when 'share_of_agencies' then c.agencies
            else c.agencies - c.idle_agencies
        end as denominator,
        concat_ws(
            ' ', c.flags, case when e.roll_up <> 'pooled' and c.fresh_agencies < c.agencies then 'partial' end
        ) as flags
    from counted as c
    inner join entry as e
        on
            c.as_of_date = e.as_of_date
            and c.plan_year = e.plan_year
            and c.indicator_code = e.indicator_code
            and c.variant = e.variant
    where
        case e.roll_up
            when 'pooled' then not c.is_increment  -- those are pooled by the day of the event: figure.sql
            when 'share_of_agencies' then c.told_agencies > 0
            when 'agencies_attaining' then c.judged_agencies > 0 or c.idle_agencies = c.agencies
        end
)

insert into cell (
    as_of_date, plan_year, indicator_code, variant, agency_code, is_shown, is_unpopulated, is_share, may_exceed_100,
    comparator, target, numerator, denominator, ratio, data_date, is_fresh, flags, coverage
)
select
    e.as_of_date,
    e.plan_year,
    e.indicator_code,
    e.variant,
    %(province)s as agency_code,
    true as is_shown,
    coalesce(e.has_map and c.agencies is null and e.set_is_complete, false) as is_unpopulated,
    e.is_share,
    e.may_exceed_100,
    e.comparator,
    case when e.is_target_reported then coalesce(f.denominator, r.denominator) else e.target end as target,
    coalesce(f.numerator, r.numerator) as numerator,
    coalesce(f.denominator, r.denominator) as denominator,
    f.ratio,
    coalesce(f.data_date, r.data_date) as data_date,
    coalesce(e.as_of_date <= f.fresh_until, r.is_fresh, false) as is_fresh,
    case when f.metric is not null and e.roll_up = 'share_of_agencies' then concat_ws(' ', f.flags, 'sent_by_lead')
        else coalesce(f.flags, r.flags)
    end as flags,
    case when e.reported_for = 'agencies' then c.fresh_agencies::numeric / c.agencies end as coverage
from entry as e
left join figure as f
    on
        e.roll_up <> 'agencies_attaining'
        and e.metric = f.metric
        and f.agency_code = %(province)s
        and f.pool = case e.roll_up when 'pooled' then e.population_code else '' end
        and e.figure_year = f.figure_year
        and e.as_of_date = f.as_of_date
left join rolled as r
    on
        f.metric is null
        and e.as_of_date = r.as_of_date
        and e.plan_year = r.plan_year
        and e.indicator_code = r.indicator_code
        and e.variant = r.variant
left join counted as c
    on
        e.as_of_date = c.as_of_date
        and e.plan_year = c.plan_year
        and e.indicator_code = c.indicator_code
        and e.variant = c.variant;

create temporary table new_attainment on commit drop as
select
    c.as_of_date,
    c.plan_year,
    e.figure_year,
    c.indicator_code,
    c.variant,
    c.agency_code,
    c.numerator,
    c.denominator,
    c.value,
    c.comparator,
    c.target,
    s.status,
    c.value - c.target as gap,
    w.wanted / p.divisor as pace_target,
    case
        when p.divisor is null or s.status in ('not_applicable', 'no_data', 'invalid') then 'none'
        when s.status = 'attained' then 'on_track'
        when
            s.status = 'pending'
            and coalesce(
                case
                    when c.is_share then c.numerator * 100 * p.divisor >= w.wanted * c.denominator
                    else c.numerator * p.divisor >= w.wanted
                end,
                c.ratio * p.divisor >= w.wanted
            )
            then 'on_track'
        else 'behind'
    end as pace_status,
    c.data_date,
    c.data_date is not null and not c.is_fresh as is_stale,
    array(
        select distinct u.flag
        from string_to_table(
            concat_ws(
                ' ',
                c.flags,
                case when c.is_over_100 then 'over_100' end,
                case when e.is_of_other_year then 'plan_of_other_year' end
            ),
            ' '
        ) as u (flag)
        where u.flag <> ''
        order by u.flag
    ) as quality_flags,
    c.coverage
from cell as c
inner join entry as e
    on
        c.as_of_date = e.as_of_date
        and c.plan_year = e.plan_year
        and c.indicator_code = e.indicator_code
        and c.variant = e.variant
left join pace as p
    on
        e.as_of_date = p.as_of_date
        and e.plan_year = p.plan_year
        and e.indicator_code = p.indicator_code
        and case c.agency_code when %(province)s then e.variant else e.agency_variant end = p.variant
cross join lateral (select p.fixed + p.weight * c.target as wanted) as w
cross join lateral (
    select
        case
            when c.is_unpopulated or (c.is_share and c.denominator = 0) then 'not_applicable'
            when e.judged = 'yearly_survey' and c.value is null and c.as_of_date < e.published_on then 'pending'
            when c.value is null or c.target is null or c.comparator is null then 'no_data'
            when c.is_invalid then 'invalid'
            when c.is_reached then 'attained'
            when e.judged = 'year_end' and c.as_of_date < e.closes_on then 'pending'
            else 'missed'
        end as status
) as s
where c.is_shown;

drop table entry, member, pace, figure, cell;
