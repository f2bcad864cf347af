-- The tasks that have a due date, for each responsible agency, on a day.
select
    s.plan_year,
    s.task_code,
    t.content_vi,
    s.agency_code,
    s.due_on,
    s.status,
    s.is_overdue,
    s.is_due_soon
from mart.task_status as s
inner join mart.task as t
    on s.plan_year = t.plan_year and s.task_code = t.task_code and t.province_code = %(province)s
where
    s.as_of_date = %(day)s
    and s.due_on is not null
    and s.province_code = %(province)s
order by t.ordinal, s.agency_code;
