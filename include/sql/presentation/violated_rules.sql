-- Takes ops.expectation_result and ops.load; `loads` are the ids of the loads.
-- Leaves nothing.
-- Answers with the rules that the loads break, the most severe first.
select
    r.rule_id,
    r.severity,
    r.expectation,
    r.unexpected_rows,
    l.entity || ' ' || to_char(l.window_start, 'YYYY-MM') as entity
from ops.expectation_result as r
inner join ops.load as l on r.load_id = l.load_id
where r.load_id = any(%(loads)s) and not r.is_success
order by array_position(array['critical', 'warning', 'info'], r.severity), entity, r.rule_id;
