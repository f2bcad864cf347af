-- Open performance alerts that aren't suppressed, snoozed or escalated, and the time since when each waits for an
-- answer: its last opening, the end of its acknowledgement or the end of its snooze. The kinds drop, unknown and
-- task_due_soon are never escalated.
select
    a.alert_id,
    greatest(max(s.noted_at), a.snoozed_until::timestamptz) as waiting_since
from ops.alert as a
inner join ops.alert_step as s on a.alert_id = s.alert_id and s.step in ('opened', 'reopened', 'lapsed')
where
    a.province_code = %(province)s
    and a.status = 'open'
    and a.audience = 'performance'
    and a.kind not in ('drop', 'unknown', 'task_due_soon')
    and a.is_notified
    and a.escalated_at is null
    and coalesce(a.snoozed_until < %(today)s, true)
group by a.alert_id
order by a.alert_id;
