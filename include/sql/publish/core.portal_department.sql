-- Takes the staged, audited rows of a load of the portal, and the departments that core has for the same day.
-- Leaves core.portal_department with the departments of the accepted rows; answers with the load's departments.
-- Endpoints complete each other within a day; the greatest spelling wins, so that the order of loading makes no
-- difference.
create temporary table new_portal_department on commit drop as
select
    %(source)s as source,
    n.department_id,
    %(data_date)s as data_date,
    greatest(d.department_code, n.department_code) as department_code,
    greatest(d.name_vi, n.name_vi) as name_vi,
    greatest(d.level, n.level) as level,
    coalesce(d.is_root, n.is_root) as is_root,
    case when d.source is not null then d.parent_id when not n.is_root then n.parent_id end as parent_id,
    array(
        select distinct u.load_id from unnest(d.load_ids || %(load_id)s::uuid) as u (load_id) order by u.load_id
    ) as load_ids
from (
    select
        s.department_id,
        max(s.department_code) as department_code,
        max(s.department_name) as name_vi,
        max(s.department_level) as level,
        bool_or(s.is_root) as is_root,
        max(r.root_department_id) as parent_id
    from staging.national_portal_statistic as s
    inner join staging.accepted_row as a on s.load_id = a.load_id and s.row_no = a.row_no
    inner join staging.national_portal_response as r on s.load_id = r.load_id
    where s.load_id = %(load_id)s
    group by s.department_id
) as n
left join core.portal_department as d
    on d.source = %(source)s and n.department_id = d.department_id and d.data_date = %(data_date)s;

select ops.merge_rows('core.portal_department', 'new_portal_department');

drop table new_portal_department;

select department_id
from core.portal_department
where source = %(source)s and data_date = %(data_date)s and load_ids @> array[%(load_id)s::uuid];
