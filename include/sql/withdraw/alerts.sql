-- Takes the alerts of `province` and their steps. Alerts of `kept_kinds` depend on the clock, not on a day's results.
-- Leaves nothing; answers with the alerts whose last episode step was found by `day`: whether they were open before
-- it, whether they are open now, and whether anybody was notified of its steps.
with episode as (
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
    coalesce(e.step_before in ('opened', 'reopened'), false) as was_open,
    a.status <> 'resolved' as is_open,
    (
        select count(*) > 0 from ops.alert_step as s
        inner join ops.notification as n on s.step_id = n.step_id
        where s.alert_id = a.alert_id and s.as_of_date = %(day)s
    ) as is_notified
from ops.alert as a
inner join episode as e on a.alert_id = e.alert_id
where
    a.province_code = %(province)s
    and a.kind <> all(%(kept_kinds)s)
    and e.last_found_on = %(day)s
order by a.alert_id;
