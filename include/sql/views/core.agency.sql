-- Agencies through time. A day depends on the catalog and on departments seen by that day, never on later days.
-- The catalog decides for every code that it has. Other codes come from the portal's departments; so does a code that
-- the catalog has ended, if a department that was first seen after the end carries it: codes are reused.
create or replace view core.agency as
with seen as (
    select
        department_code as agency_code,
        department_id,
        min(data_date) as first_seen_on,
        max(data_date) as last_seen_on,
        (array_agg(name_vi order by data_date desc) filter (where name_vi is not null))[1] as name_vi,
        (array_agg(level order by data_date desc) filter (where level is not null))[1] as level,
        (array_agg(parent_id order by data_date desc) filter (where parent_id is not null))[1] as parent_id
    from core.portal_department
    where department_code is not null
    group by department_code, department_id
),

known as (
    select
        agency_code,
        max(coalesce(valid_to, 'infinity')) as ended_on
    from core.agency_catalog
    group by agency_code
),

unregistered as (
    select
        s.agency_code,
        min(s.first_seen_on) as first_seen_on,
        (array_agg(s.department_id order by s.last_seen_on desc, s.department_id))[1] as department_id,
        (array_agg(s.name_vi order by s.last_seen_on desc, s.department_id))[1] as name_vi,
        (array_agg(s.level order by s.last_seen_on desc, s.department_id))[1] as level,
        (array_agg(s.parent_id order by s.last_seen_on desc, s.department_id))[1] as parent_id
    from seen as s
    left join known as k on s.agency_code = k.agency_code
    where k.agency_code is null or s.first_seen_on >= k.ended_on
    group by s.agency_code
),

department as (
    select distinct on (s.agency_code) s.*
    from seen as s
    order by s.agency_code, s.last_seen_on desc, s.department_id
),

parent as (
    select
        s.department_id,
        max(s.agency_code) as agency_code
    from seen as s
    group by s.department_id
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
    d.first_seen_on,
    core.province_of(c.agency_code) as province_code
from core.agency_catalog as c
left join department as d on c.agency_code = d.agency_code
union all
select
    n.agency_code,
    n.first_seen_on as valid_from,
    null as valid_to,
    coalesce(n.name_vi, n.agency_code) as name_vi,
    n.level,
    p.agency_code as parent_code,
    null as gso_code,
    false as is_synthetic_code,
    false as is_in_catalog,
    n.department_id,
    n.first_seen_on,
    core.province_of(n.agency_code) as province_code
from unregistered as n
left join parent as p on n.parent_id = p.department_id;
comment on view core.agency is 'Agencies, every version of each: those of the catalog, and unregistered ones that a source names.';
comment on column core.agency.is_in_catalog is 'False: unregistered, named by a source alone; its results carry agency_not_in_catalog.';
comment on column core.agency.department_id is 'departmentId of the portal, the newest one.';
comment on column core.agency.first_seen_on is 'First day that the portal described it.';
comment on column core.agency.province_code is 'Province whose agency it is: the first part of its identifier code.';
-- A column means here the same as in the catalog.
select ops.copy_comments('core.agency', 'core.agency_catalog');
comment on column core.agency.valid_from is 'First day of this version; for an unregistered agency, the day it was first seen.';
comment on column core.agency.level is 'province, department, district, division, commune, public_service_unit; NULL if the source gives no level.';
grant select on core.agency to cchc_loader, cchc_analyst;
