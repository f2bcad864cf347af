-- Alerts of a province found by a day that hadn't ended by then.
select
    a.kind,
    a.subject,
    a.as_of_date,
    a.is_notified
from ops.alert as a
where
    a.province_code = %(province)s
    and a.as_of_date <= %(day)s
    and coalesce(a.resolved_on > %(day)s, true);
