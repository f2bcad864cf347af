-- The alerts whose last turn was found by %(day)s: whether they were open before it, are open now, and whether people
-- were notified of what it found. Alerts of %(kept_kinds)s go by the clock, not by what a day says.
with turn as (
    select
        s.alert_id,
        (array_agg(s.as_of_date order by s.step_id desc))[1] as last_found_on,
        (array_agg(s.step order by s.step_id desc) filter (where s.as_of_date is distinct from %(day)s))[1]
            as step_before
    from ops.alert_step as s
    where s.step in ('opened', 'reopened', 'resolved', 'withdrawn', 'closed')
    group by s.alert_id
)

select
    a.alert_id,
    coalesce(t.step_before in ('opened', 'reopened'), false) as was_open,
    a.status <> 'resolved' as is_open,
    (
        select count(*) > 0 from ops.alert_step as s
        inner join ops.notification as n on s.step_id = n.step_id
        where s.alert_id = a.alert_id and s.as_of_date = %(day)s
    ) as is_notified
from ops.alert as a
inner join turn as t on a.alert_id = t.alert_id
where
    a.province_code = %(province)s
    and a.kind <> all(%(kept_kinds)s)
    and t.last_found_on = %(day)s
order by a.alert_id;
