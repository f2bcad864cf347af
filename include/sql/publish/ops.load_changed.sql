-- What the publish has changed, and how far its data reaches.
update ops.load as l set
    changed_rows = %(changed_rows)s,
    newest_day = (
        select max(coalesce(a.day, %(data_date)s)) from staging.accepted_row as a
        where a.load_id = %(load_id)s and l.status = 'published'
    )
where l.load_id = %(load_id)s;
