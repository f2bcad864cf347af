-- Numbers of alerts that the steps after %(after)s opened, opened without a notification, and ended.
select
    count(*) filter (where s.step in ('opened', 'reopened')) as opened,
    count(*) filter (where s.step = 'opened' and not a.is_notified) as suppressed,
    count(*) filter (where s.step in ('resolved', 'withdrawn', 'closed')) as ended
from ops.alert_step as s
inner join ops.alert as a on s.alert_id = a.alert_id
where a.province_code = %(province)s and s.step_id > %(after)s;
