-- One alert with the fields of OpenAlert.
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
where a.alert_id = %(alert_id)s;
