-- What the publish has changed, and how far its data reaches.
update ops.load as l set
    changed_rows = %(changed_rows)s,
    newest_day = (
        select max(coalesce(s.day, %(data_date)s)) from staging.staged_row as s
        where
            s.load_id = %(load_id)s
            and l.status = 'published'
            and not exists (
                select from staging.verdict as v
                where v.load_id = s.load_id and v.row_no = s.row_no and v.severity <> 'info'
            )
    )
where l.load_id = %(load_id)s;
