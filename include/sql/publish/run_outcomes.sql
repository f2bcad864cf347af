-- What the ledger says of the windows of a run, and of files by their hash whatever run brought them; the oldest first.
select
    l.entity,
    l.window_start,
    l.window_end,
    l.data_date,
    l.content_sha256,
    l.status,
    l.error
from ops.load as l
where l.source = %(source)s and (l.run_id = %(run_id)s or l.content_sha256 = any(%(keys)s))
order by l.finished_at;
