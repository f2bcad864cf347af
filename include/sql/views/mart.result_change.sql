-- With r = rate and w = weight of an agency in the province's denominator, on both days: its rate part is
-- Δr·(w₀+w₁)/2, its mix part Δw·(r₀+r₁)/2, in points. Both add up to Δ(r·w), so that all parts add up to the
-- province's change. Each part is computed as one quotient of counts with 30 decimals.
create or replace function mart.result_change(from_date date, to_date date)
returns table (
    plan_year int,
    indicator_code text,
    variant text,
    agency_code text,
    province_code text,
    value_before numeric,
    value_after numeric,
    status_before text,
    status_after text,
    contributions jsonb
)
language sql stable
begin atomic
select
    k.plan_year,
    k.indicator_code,
    k.variant,
    k.agency_code,
    i.province_code,
    b.value as value_before,
    a.value as value_after,
    b.status as status_before,
    a.status as status_after,
    case
        when
            k.agency_code = i.province_code
            and i.is_share
            and i.roll_up <> 'agencies_attaining'
            and b.numerator is not null
            and a.numerator is not null
            and b.denominator <> 0
            and a.denominator <> 0
            then (
                with agency as (
                    select
                        r.agency_code,
                        coalesce(sum(r.numerator) filter (where r.as_of_date = d.from_date), 0) as n0,
                        coalesce(sum(r.denominator) filter (where r.as_of_date = d.from_date), 0) as d0,
                        coalesce(sum(r.numerator) filter (where r.as_of_date = d.to_date), 0) as n1,
                        coalesce(sum(r.denominator) filter (where r.as_of_date = d.to_date), 0) as d1
                    from mart.indicator_attainment as r
                    where
                        r.as_of_date in (d.from_date, d.to_date)
                        and k.plan_year = r.plan_year
                        and k.indicator_code = r.indicator_code
                        and k.variant = r.variant
                        and r.province_code = k.agency_code
                        and r.agency_code <> k.agency_code
                        and r.numerator is not null
                        and r.denominator is not null
                    group by r.agency_code
                ),

                -- Cases counted for the province and for no agency are a part of their own, of either sign.
                part as (
                    select
                        g.agency_code,
                        g.n0,
                        g.d0,
                        g.n1,
                        g.d1
                    from agency as g
                    union all
                    select
                        null as agency_code,
                        b.numerator - s.n0 as n0,
                        b.denominator - s.d0 as d0,
                        a.numerator - s.n1 as n1,
                        a.denominator - s.d1 as d1
                    from (
                        select
                            coalesce(sum(g.n0), 0) as n0,
                            coalesce(sum(g.d0), 0) as d0,
                            coalesce(sum(g.n1), 0) as n1,
                            coalesce(sum(g.d1), 0) as d1
                        from agency as g
                    ) as s
                    where (b.numerator, b.denominator, a.numerator, a.denominator) <> (s.n0, s.d0, s.n1, s.d1)
                ),

                -- A part without a rate on either day is all mix.
                points as (
                    select
                        p.agency_code,
                        round(
                            100.000000000000000000000000000000 * (p.n1 * b.denominator - p.n0 * a.denominator)
                            / (b.denominator * a.denominator),
                            30
                        ) as total,
                        case
                            when p.d0 = 0 or p.d1 = 0 then 0
                            else round(
                                50.000000000000000000000000000000 * (p.n1 * p.d0 - p.n0 * p.d1)
                                * (p.d0 * a.denominator + p.d1 * b.denominator)
                                / (p.d0 * p.d1 * b.denominator * a.denominator),
                                30
                            )
                        end as rate
                    from part as p
                )

                select
                    coalesce(
                        jsonb_agg(
                            jsonb_build_object(
                                'agency_code', p.agency_code,
                                'rate', trim_scale(p.rate),
                                'mix', trim_scale(p.total - p.rate),
                                'total', trim_scale(p.total)
                            )
                            order by p.total, p.agency_code is null, p.agency_code
                        ),
                        '[]'
                    )
                from points as p
            )
    end as contributions
from (select
from_date,
to_date) as d
cross join lateral (
    select
        r.plan_year,
        r.indicator_code,
        r.variant,
        r.agency_code,
        r.province_code
    from mart.indicator_attainment as r
    where r.as_of_date in (d.from_date, d.to_date)
    group by r.plan_year, r.indicator_code, r.variant, r.agency_code, r.province_code
) as k
inner join mart.indicator_latest as i
    on
        k.province_code = i.province_code
        and k.plan_year = i.plan_year
        and k.indicator_code = i.indicator_code
        and k.variant = i.variant
left join mart.indicator_attainment as b
    on
        b.as_of_date = d.from_date
        and k.plan_year = b.plan_year
        and k.indicator_code = b.indicator_code
        and k.variant = b.variant
        and k.agency_code = b.agency_code
left join mart.indicator_attainment as a
    on
        a.as_of_date = d.to_date
        and k.plan_year = a.plan_year
        and k.indicator_code = a.indicator_code
        and k.variant = a.variant
        and k.agency_code = a.agency_code;
end;
comment on function mart.result_change is 'Change of each result from one day to another: one row for each result of either day. contributions, for a province''s share whose parts add up: what each agency added to the change, in points, most harmful first, as {agency_code, rate, mix, total}: rate by its own rate, mix by its weight in the whole; agency_code null for what the source counts for no agency. NULL elsewhere.';
revoke execute on function mart.result_change from public;
grant execute on function mart.result_change to cchc_loader, cchc_analyst;
