-- Takes the ledger.
-- Leaves nothing; answers with the loads that lost their rows with a withdrawn day and wait to be loaded again from the
-- archive, in the order in which they came. They were published before, so that their newest day is known; a stopped
-- load that make retry has left failed was not.
select
    l.source,
    l.entity,
    l.window_start,
    l.window_end,
    l.data_date,
    l.archive_uri
from ops.load as l
where l.status = 'failed' and l.archive_uri is not null and l.newest_day is not null
order by l.source, l.data_date, l.modified_at, l.content_sha256;
