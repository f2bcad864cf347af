-- From the first day that the load changed on, the attainment has to be computed again.
insert into ops.touched_days (load_id, source, day)
select
    %(load_id)s as load_id,
    %(source)s as source,
    min(d.day) as day
from core.office_unit_day as d
where d.load_id = %(load_id)s
having count(*) > 0;
