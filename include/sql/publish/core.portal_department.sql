-- Takes the staged, audited rows of a load of the portal.
-- Leaves core.portal_department with the departments that its accepted rows name.
-- Endpoints complete each other within a day; the greatest spelling wins, so that the order of loading makes no
-- difference.
merge into core.portal_department as d
using (
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
    on d.source = %(source)s and d.department_id = n.department_id and d.data_date = %(data_date)s
when matched and (
    n.department_code > d.department_code or (d.department_code is null and n.department_code is not null)
    or n.name_vi > d.name_vi or (d.name_vi is null and n.name_vi is not null)
    or n.level > d.level or (d.level is null and n.level is not null)
    or not d.load_ids @> array[%(load_id)s::uuid]
) then
    update set
        department_code = greatest(d.department_code, n.department_code),
        name_vi = greatest(d.name_vi, n.name_vi),
        level = greatest(d.level, n.level),
        load_ids = array(
            select distinct u.load_id from unnest(d.load_ids || %(load_id)s::uuid) as u (load_id) order by u.load_id
        )
when not matched then
    insert (source, department_id, data_date, department_code, name_vi, level, is_root, parent_id, load_ids)
    values (
        %(source)s, n.department_id, %(data_date)s, n.department_code, n.name_vi, n.level, n.is_root,
        case when not n.is_root then n.parent_id end, array[%(load_id)s::uuid]
    );
