-- Waiting messages that are due: urgent ones first, then by age.
select
    m.recipient,
    m.tries,
    m.message_id,
    m.is_urgent,
    m.subject,
    m.body_text,
    m.body_html,
    m.composed_at
from ops.message as m
where m.status = 'waiting' and m.next_try_at <= %(now)s
order by m.is_urgent desc, m.composed_at, m.message_id;
