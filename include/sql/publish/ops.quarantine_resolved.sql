-- A good row for the same key and day settles what is in quarantine, from this load or earlier ones.
update ops.quarantine as q set
    resolved_at = clock_timestamp(),
    resolved_by_load_id = %(load_id)s
from ops.load as l
where
    q.load_id = l.load_id
    and q.resolved_at is null
    and q.source = %(source)s
    and q.entity = %(entity)s
    and l.window_start = %(window_start)s
    and l.window_end = %(window_end)s
    and l.data_date = %(data_date)s
    and q.row_key in (
        select concat_ws(' ', s.department_id, s.metric)
        from staging.national_portal_statistic as s
        where
            s.load_id = %(load_id)s
            and not exists (
                select from staging.verdict as v
                where v.load_id = s.load_id and v.row_no = s.row_no and v.severity <> 'info'
            )
    );
