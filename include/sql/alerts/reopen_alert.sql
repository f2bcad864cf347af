-- Takes a resolved alert.
-- Leaves it open, without an acknowledgement or an escalation; an alert of another status stays as it is.
update ops.alert set
    status = 'open',
    resolved_on = null,
    resolved_at = null,
    resolution = null,
    acknowledged_by = null,
    acknowledged_until = null,
    acknowledged_why = null,
    escalated_at = null
where alert_id = %(alert_id)s and status = 'resolved';
