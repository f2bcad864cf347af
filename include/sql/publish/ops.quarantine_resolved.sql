-- A good row for the same key and day settles what is in quarantine, from this load or earlier ones. A key without a
-- day of its own is the same only within the window and the day described.
update ops.quarantine as q set
    resolved_at = clock_timestamp(),
    resolved_by_load_id = %(load_id)s
from ops.load as l
cross join (
    select
        s.row_no,
        s.row_key,
        s.is_dated
    from staging.staged_row as s
    where
        s.load_id = %(load_id)s
        and not exists (
            select from staging.verdict as v
            where v.load_id = s.load_id and v.row_no = s.row_no and v.severity <> 'info'
        )
) as good
where
    q.load_id = l.load_id
    and q.resolved_at is null
    and q.source = %(source)s
    and q.entity = %(entity)s
    and q.row_key = good.row_key
    and (q.load_id, q.row_no) is distinct from (%(load_id)s::uuid, good.row_no)
    and (
        good.is_dated
        or (l.window_start = %(window_start)s and l.window_end = %(window_end)s and l.data_date = %(data_date)s)
    );
