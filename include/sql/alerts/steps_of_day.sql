-- The steps found by the run for a day, each with the facts of its step and of the opening.
select
    a.subject,
    a.suppressed_reason,
    s.noted_at,
    a.alert_id,
    s.step,
    a.kind,
    a.severity,
    a.audience,
    a.began_on,
    s.as_of_date,
    coalesce(s.facts, a.facts) as facts,
    case when s.step <> 'opened' then a.facts end as opened_facts
from ops.alert_step as s
inner join ops.alert as a on s.alert_id = a.alert_id
where a.province_code = %(province)s and s.as_of_date = %(day)s
order by s.step_id;
