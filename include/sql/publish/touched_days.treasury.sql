-- A closing that changed changes its own figures, and by its versions of the plans those of every later one.
insert into ops.touched_days (load_id, source, day)
select
    %(load_id)s as load_id,
    %(source)s as source,
    min(d.closed_on) as day
from core.disbursement as d
where d.load_id = %(load_id)s
having count(*) > 0;
