-- Takes the notifications of `province` of steps that `day` has caused.
-- Leaves out those that no sent message holds. Waiting messages that hold one are deleted too, and the other
-- notifications of such a message are free to be composed again.
create temporary table unsent on commit drop as
select
    n.notification_id,
    n.message_id
from ops.notification as n
inner join ops.alert_step as s on n.step_id = s.step_id
inner join ops.alert as a on s.alert_id = a.alert_id
left join ops.message as m on n.message_id = m.message_id
where
    a.province_code = %(province)s
    and a.kind <> all(%(kept_kinds)s)
    and s.as_of_date = %(day)s
    and coalesce(m.status = 'waiting', true);

delete from ops.notification
where notification_id in (select u.notification_id from unsent as u);

update ops.notification set message_id = null
where message_id in (select u.message_id from unsent as u);

delete from ops.message
where message_id in (select u.message_id from unsent as u);

drop table unsent;
