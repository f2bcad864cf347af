-- Reopens acknowledgements whose last day is over; they may be escalated again.
update ops.alert set
    status = 'open',
    escalated_at = null
where
    province_code = %(province)s
    and status = 'acknowledged'
    and acknowledged_until < %(today)s
returning alert_id;
