-- The outcome of one try to send a message.
update ops.message as m
set
    status = %(status)s,
    tries = %(tries)s,
    next_try_at = %(next_try_at)s,
    last_error = %(last_error)s,
    sent_at = %(sent_at)s
where m.message_id = %(message_id)s and m.status = 'waiting';
