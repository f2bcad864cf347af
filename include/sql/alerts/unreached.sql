-- Recipients whose newest finished message was given up, and why.
select
    m.recipient,
    m.message_id,
    m.last_error,
    m.composed_at
from (
    select distinct on (o.recipient) o.*
    from ops.message as o
    where o.status in ('sent', 'given_up')
    order by o.recipient, o.composed_at desc, o.message_id
) as m
where m.status = 'given_up'
order by m.recipient;
