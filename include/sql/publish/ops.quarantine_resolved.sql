-- Takes the accepted rows of a load.
-- Leaves the quarantined rows of the same key and day resolved, of this load or of older ones: an older report that is
-- loaded late resolves no row of a newer one. A key without a day of its own is the same only within one window and
-- data date.
update ops.quarantine as q set
    resolved_at = clock_timestamp(),
    resolved_by_load_id = %(load_id)s
from ops.load as l
inner join staging.accepted_row as good on good.load_id = %(load_id)s
where
    q.load_id = l.load_id
    and q.resolved_at is null
    and q.source = %(source)s
    and q.entity = %(entity)s
    and q.row_key = good.row_key
    and (q.load_id, q.row_no) is distinct from (good.load_id, good.row_no)
    and (
        (
            good.is_dated
            and (l.data_date, coalesce(l.modified_at, l.captured_at), l.content_sha256)
            <= (%(data_date)s, %(modified_at)s, %(content_sha256)s)
        )
        or (l.window_start = %(window_start)s and l.window_end = %(window_end)s and l.data_date = %(data_date)s)
    );
