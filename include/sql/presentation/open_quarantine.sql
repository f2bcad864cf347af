-- Takes ops.quarantine; `loads` are the ids of the loads, `max_rows` bounds the answer.
-- Leaves nothing.
-- Answers with the unresolved rejected rows of the loads, without their payload, and with the number of all of them.
-- Rows that break a rule of their own come before those that only belong to a stopped load.
select
    q.entity,
    q.row_key,
    q.rules,
    q.cells,
    count(*) over () as total
from ops.quarantine as q
where q.load_id = any(%(loads)s) and q.resolved_at is null
order by q.rules[1] like 'load_stopped:%%', q.entity, q.row_key
limit %(max_rows)s;
