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
        and a.province_code = n.province_code
        and n.valid_from <= a.as_of_date
    order by n.valid_from desc
    limit 1
) as i on true
left join lateral (
    select
        v.name_vi,
        v.level
    from core.agency as v
    where v.agency_code = a.agency_code and v.valid_from <= a.as_of_date
    order by v.valid_from desc
    limit 1
) as g on true
-- A day that isn't over was computed by mistake and must not hide the newest complete one. The clock is the server's:
-- a clock that the installation is given (CCHC_NOW) is never ahead of it.
where a.as_of_date = (
    select max(x.as_of_date) from mart.indicator_attainment as x
    where x.as_of_date <= (now() at time zone 'Asia/Ho_Chi_Minh')::date - 1
);
comment on view mart.attainment_latest is 'Attainment of the newest day that is over, with the names of indicators and agencies.';
comment on column mart.attainment_latest.clause is 'Clause of the decision.';
comment on column mart.attainment_latest.ordinal is 'Position in the decision.';
comment on column mart.attainment_latest.indicator_name_vi is 'Name of the indicator.';
comment on column mart.attainment_latest.indicator_short_name_vi is 'Short name for tables.';
comment on column mart.attainment_latest.agency_name_vi is 'Name of the agency on that day.';
comment on column mart.attainment_latest.agency_level is 'Level of the agency on that day.';
comment on column mart.attainment_latest.unit_vi is 'Unit of value and target.';
comment on column mart.attainment_latest.lead_agency_vi is 'Lead agency, in the decision''s words.';
-- A column means here the same as in the table.
select ops.copy_comments('mart.attainment_latest', 'mart.indicator_attainment');
grant select on mart.attainment_latest to cchc_loader, cchc_analyst;
