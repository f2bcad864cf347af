-- Takes the staged, audited rows of a load, and `changed_rows`, how many rows of core its publish has changed.
-- Leaves that number and the newest day of the accepted rows in the load's row of ops.load.
update ops.load as l set
    changed_rows = %(changed_rows)s,
    newest_day = (
        select max(coalesce(a.day, %(data_date)s)) from staging.accepted_row as a
        where a.load_id = %(load_id)s and l.status = 'published'
    )
where l.load_id = %(load_id)s;
