create or replace view mart.attainment_latest as
select
    a.*,
    i.clause,
    i.ordinal,
    i.name_vi as indicator_name_vi,
    i.short_name_vi as indicator_short_name_vi,
    g.name_vi as agency_name_vi,
    g.level as agency_level,
    i.unit_vi,
    i.lead_agency_vi
from mart.indicator_attainment as a
left join lateral (
    select n.* from mart.indicator as n
    where
        n.plan_year = a.plan_year
        and n.indicator_code = a.indicator_code
        and n.variant = a.variant
        and (a.agency_code = n.province_code or a.agency_code like n.province_code || '.%')
        and n.valid_from <= a.as_of_date
    order by n.valid_from desc
    limit 1
) as i on true
left join lateral (
    select v.name_vi, v.level from core.agency as v
    where v.agency_code = a.agency_code and v.valid_from <= a.as_of_date
    order by v.valid_from desc
    limit 1
) as g on true
where a.as_of_date = (select max(x.as_of_date) from mart.indicator_attainment as x);
comment on view mart.attainment_latest is 'The attainment table of its newest day, with names for people.';
grant select on mart.attainment_latest to cchc_loader, cchc_analyst;
