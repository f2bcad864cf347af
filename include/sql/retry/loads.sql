-- Takes the stopped loads of %(source)s that describe %(day)s.
-- Leaves them failed, with their bytes in the archive, without quarantined rows and results of rules: the next run for
-- the day audits the same bytes again. Answers with their labels.
with retried as (
    update ops.load as l set
        status = 'failed',
        received_rows = 0,
        accepted_rows = 0,
        quarantined_rows = 0,
        stop_rules = '{}',
        error = %(reason)s
    where
        l.source = %(source)s
        and l.data_date = %(day)s
        and l.status = 'stopped'
        and l.archive_uri is not null
    returning l.load_id, l.entity, l.window_start, l.window_end
),

quarantine as (
    delete from ops.quarantine as q
    using retried as r
    where q.load_id = r.load_id
),

results as (
    delete from ops.expectation_result as e
    using retried as r
    where e.load_id = r.load_id
)

select format('%%s, %%s to %%s (load %%s)', r.entity, r.window_start, r.window_end, r.load_id) as label
from retried as r
order by r.entity, r.window_start, r.window_end, r.load_id;
