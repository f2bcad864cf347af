-- The first day that a file changes: a figure counts from the end of its period on, a status from the day on which it
-- was told, a completion from the day on which it happened.
insert into ops.touched_days (load_id, source, day)
select
    %(load_id)s as load_id,
    %(source)s as source,
    min(c.day) as day
from (
    select f.period_end as day
    from core.return_figure as f
    where f.load_id = %(load_id)s
    union all
    select least(t.told_on, t.done_on) as day
    from core.task_report as t
    where t.load_id = %(load_id)s
) as c
having min(c.day) is not null;
