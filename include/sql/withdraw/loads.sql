-- The loads that only runs for days that can't be may have brought: those of %(day)s, and, where it isn't over, of days
-- and windows beyond %(next)s, the day of the next run to come. None where %(day)s is a proper day. Leaves the table
-- withdrawn_load.
create temporary table withdrawn_load on commit drop as
select
    l.load_id,
    l.source,
    l.data_date,
    l.content_sha256,
    l.archive_uri
from ops.load as l
where
    not %(is_proper)s
    and (
        l.data_date = %(day)s
        or (%(day)s >= %(next)s and (l.data_date > %(next)s or l.window_start > %(next)s))
        or (l.status = 'failed' and l.run_id in (select n.run_id from ops.ingest_run as n where n.data_date = %(day)s))
    );

select w.archive_uri
from withdrawn_load as w
where w.archive_uri is not null
order by w.archive_uri;
