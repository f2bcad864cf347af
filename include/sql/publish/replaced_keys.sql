-- Takes the ledger and ops.file_key; `load_ids` are files of one run.
-- Leaves nothing; answers with the keys in which a newer file of the same day replaces a file, and with the newest
-- file: all such keys of these files, and of the files that they replace.
-- A correction on a later day is ordinary, and makes no receipt.
with named as (
    select
        k.correction_key,
        l.load_id,
        l.archive_uri,
        first_value(l.load_id) over newest_first as newest_load_id,
        first_value(l.archive_uri) over newest_first as newest_archive_uri
    from ops.load as l
    inner join ops.file_key as k on l.load_id = k.load_id
    where
        exists (
            select from ops.load as p
            where p.load_id = any(%(load_ids)s) and (p.source, p.data_date) = (l.source, l.data_date)
        )
    window newest_first as (
        partition by l.source, l.data_date, k.correction_key
        order by l.modified_at desc, l.content_sha256 desc
    )
),

replaced as (
    select n.*
    from named as n
    where n.load_id <> n.newest_load_id
)

select
    n.load_id,
    n.archive_uri,
    n.newest_archive_uri,
    n.correction_key
from replaced as n
where
    n.load_id in (
        select r.load_id from replaced as r
        where r.load_id = any(%(load_ids)s) or r.newest_load_id = any(%(load_ids)s)
    )
order by n.load_id, n.newest_archive_uri, n.correction_key;
