-- Takes the staged, audited rows of a load of the portal.
-- Leaves core.portal_statistic with its accepted rows, with the flags of the source and of the audit; answers with the
-- rows made or changed.
create temporary table new_portal_statistic on commit drop as
select
    s.*,
    %(source)s as source,
    %(data_date)s as data_date,
    %(period)s as period,
    %(window_start)s as period_start,
    %(entity)s as entity,
    a.quality_flags
from staging.national_portal_statistic as s
inner join staging.accepted_row as a on s.load_id = a.load_id and s.row_no = a.row_no
where s.load_id = %(load_id)s;

select ops.merge_rows('core.portal_statistic', 'new_portal_statistic');

drop table new_portal_statistic;

select
    metric,
    department_id
from core.portal_statistic
where load_id = %(load_id)s;
