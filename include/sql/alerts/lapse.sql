-- Acknowledgements up to a day that is over hold no longer, and may be escalated anew.
update ops.alert set
    status = 'open',
    escalated_at = null
where
    province_code = %(province)s
    and status = 'acknowledged'
    and acknowledged_until < %(today)s
returning alert_id;
