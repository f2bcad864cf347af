-- Takes the rows of core.return_value and core.task_report that the load has made.
-- Leaves the first day that they change in ops.dirty_date. A value counts from the end of its period on, a status from
-- the day of its report, a completion from the day on which it happened.
insert into ops.dirty_date (load_id, source, data_date)
select
    %(load_id)s as load_id,
    %(source)s as source,
    min(c.day) as data_date
from (
    select f.period_end as day
    from core.return_value as f
    where f.load_id = %(load_id)s
    union all
    select least(t.reported_on, t.done_on) as data_date
    from core.task_report as t
    where t.load_id = %(load_id)s
) as c
having min(c.day) is not null;
