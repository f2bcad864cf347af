-- From the first day that the load changed on, the attainment has to be computed again.
insert into ops.dirty_date (load_id, source, data_date)
select
    %(load_id)s as load_id,
    %(source)s as source,
    min(d.day) as data_date
from core.office_unit_day as d
where d.load_id = %(load_id)s
having count(*) > 0;
