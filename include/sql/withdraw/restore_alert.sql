-- Takes an alert that a withdrawn day has resolved.
-- Leaves it as it was before that, unless another alert of its kind and subject is open.
update ops.alert as a set
    status = case
        when a.acknowledged_by is not null and coalesce(a.acknowledged_until >= %(today)s, true) then 'acknowledged'
        else 'open'
    end,
    resolved_on = null,
    resolved_at = null,
    resolution = null
where
    a.alert_id = %(alert_id)s
    and a.status = 'resolved'
    and not exists (
        select from ops.alert as o
        where
            (o.province_code, o.kind, o.subject) = (a.province_code, a.kind, a.subject)
            and o.status <> 'resolved'
    );
