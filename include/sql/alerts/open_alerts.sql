-- The alerts of some kinds that aren't resolved, with the fields of OpenAlert.
select
    a.alert_id,
    a.kind,
    a.severity,
    a.audience,
    a.subject,
    a.began_on,
    a.is_notified,
    a.snoozed_until,
    a.facts
from ops.alert as a
where a.province_code = %(province)s and a.status <> 'resolved' and a.kind = any(%(kinds)s)
order by a.began_on, a.subject;
