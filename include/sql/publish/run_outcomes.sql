-- Takes the ledger.
-- Leaves nothing; answers with the loads of a run, and those of the files whose hashes are `keys`, whatever run
-- brought them; the oldest first.
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
