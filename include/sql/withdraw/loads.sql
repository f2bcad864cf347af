-- Takes the ledger; `day` is the day to withdraw, `next` the day of the next run to come.
-- Leaves the table withdrawn_load, and answers with the archive URIs of its loads: those that only runs for improper
-- days can have brought. They are the loads of `day` and, where it isn't over, of days and windows beyond `next`.
-- A proper day has none.
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
