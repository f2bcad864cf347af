-- Notifications that are due and in no message yet, each with the facts of its step and of the opening.
select
    n.notification_id,
    n.recipient,
    n.is_urgent,
    a.alert_id,
    s.step,
    a.kind,
    a.severity,
    a.audience,
    a.began_on,
    coalesce(s.as_of_date, a.as_of_date) as as_of_date,
    coalesce(s.facts, a.facts) as facts,
    case when s.step <> 'opened' then a.facts end as opened_facts
from ops.notification as n
inner join ops.alert_step as s on n.step_id = s.step_id
inner join ops.alert as a on s.alert_id = a.alert_id
where n.message_id is null and n.due_at <= %(now)s
order by n.notification_id;
