-- Takes the rows of core.office_unit_day that the load has made or changed.
-- Leaves the first of their days in ops.dirty_date: from it on, the attainment must be computed again.
insert into ops.dirty_date (load_id, source, data_date)
select
    %(load_id)s as load_id,
    %(source)s as source,
    min(d.day) as data_date
from core.office_unit_day as d
where d.load_id = %(load_id)s
having count(*) > 0;
