-- Takes an alert.
-- Leaves nothing.
-- Answers with the recipients who have a notification of any of its steps.
select distinct n.recipient
from ops.notification as n
inner join ops.alert_step as s on n.step_id = s.step_id
where s.alert_id = %(alert_id)s;
