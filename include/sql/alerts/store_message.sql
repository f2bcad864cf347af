-- A new message, and the notifications that it contains.
with composed as (
    insert into ops.message (
        message_id, recipient, is_urgent, subject, body_text, body_html, status, next_try_at, composed_at
    )
    values (
        %(message_id)s, %(recipient)s, %(is_urgent)s, %(subject)s, %(body_text)s, %(body_html)s, 'waiting', %(now)s,
        %(now)s
    )
    returning message_id
)

update ops.notification as n
set message_id = c.message_id
from composed as c
where n.notification_id = any(%(notification_ids)s);
