-- The map by day alone: what a day shows depends on the catalog and on what was seen by that day, never on later days.
-- The catalog's word holds for every code it knows. A code that it doesn't know is taken from the responses; so is one
-- that it has ended, if a department that was never seen before the end carries it now: codes are reused.
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

newcomer as (
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
    d.first_seen_on
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
    n.first_seen_on
from newcomer as n
left join parent as p on n.parent_id = p.department_id;
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
