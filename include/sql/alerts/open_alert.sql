-- Inserts an alert; no row where it exists or another alert of its kind and subject is open.
insert into ops.alert (
    alert_id, kind, severity, audience, status, province_code, plan_year, figure_year, indicator_code, variant,
    agency_code, task_code, source, subject, began_on, as_of_date, is_notified, suppressed_reason, facts, opened_at
)
values (
    %(alert_id)s, %(kind)s, %(severity)s, %(audience)s, 'open', %(province)s, %(plan_year)s, %(figure_year)s,
    %(indicator_code)s, %(variant)s, %(agency_code)s, %(task_code)s, %(source)s, %(subject)s, %(began_on)s,
    %(as_of_date)s, %(suppressed_reason)s::text is null, %(suppressed_reason)s, %(facts)s, %(now)s
)
on conflict do nothing;
