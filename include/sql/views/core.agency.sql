create or replace view core.agency as
with department as (
    select
        department_code as agency_code,
        min(data_date) as first_seen_on,
        max(data_date) as last_seen_on,
        (array_agg(department_id order by data_date desc))[1] as department_id,
        (array_agg(name_vi order by data_date desc) filter (where name_vi is not null))[1] as name_vi,
        (array_agg(level order by data_date desc) filter (where level is not null))[1] as level,
        (array_agg(parent_id order by data_date desc) filter (where parent_id is not null))[1] as parent_id
    from core.portal_department
    where department_code is not null
    group by department_code
),

newcomer as (
    select
        d.*,
        (
            select max(c.valid_to) from core.agency_catalog as c
            where c.agency_code = d.agency_code and c.valid_to <= d.last_seen_on
        ) as left_catalog_on
    from department as d
    where not exists (
        select from core.agency_catalog as c
        where
            c.agency_code = d.agency_code
            and c.valid_from <= d.last_seen_on
            and (c.valid_to is null or c.valid_to > d.last_seen_on)
    )
)

select
    c.agency_code,
    c.valid_from,
    c.valid_to,
    c.name_vi,
    c.level,
    c.parent_code,
    c.gso_code,
    c.is_synthetic_code,
    true as is_in_catalog,
    d.department_id,
    d.first_seen_on
from core.agency_catalog as c
left join department as d on c.agency_code = d.agency_code
union all
select
    n.agency_code,
    greatest(n.first_seen_on, n.left_catalog_on) as valid_from,
    null as valid_to,
    coalesce(n.name_vi, n.agency_code) as name_vi,
    n.level,
    (
        select p.agency_code from department as p
        where p.department_id = n.parent_id and p.agency_code <> n.agency_code
    ) as parent_code,
    null as gso_code,
    false as is_synthetic_code,
    false as is_in_catalog,
    n.department_id,
    n.first_seen_on
from newcomer as n;
comment on view core.agency is 'Every version of every agency: those of the catalog, and those that a source named before anyone typed them.';
comment on column core.agency.agency_code is 'Identifier code.';
comment on column core.agency.valid_from is 'First day of this version; for one not in the catalog, the day it was first seen.';
comment on column core.agency.valid_to is 'Day after its last; NULL while in force.';
comment on column core.agency.name_vi is 'Name.';
comment on column core.agency.level is 'province, department, district, division, commune, public_service_unit; NULL if the source did not say.';
comment on column core.agency.parent_code is 'Agency above.';
comment on column core.agency.gso_code is 'Code at the General Statistics Office.';
comment on column core.agency.is_synthetic_code is 'True: a code of ours.';
comment on column core.agency.is_in_catalog is 'False: registered from a response; its figures carry agency_not_in_catalog.';
comment on column core.agency.department_id is 'The portal''s departmentId, the newest.';
comment on column core.agency.first_seen_on is 'First day that the portal described it.';
grant select on core.agency to cchc_loader, cchc_analyst;
