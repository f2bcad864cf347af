-- Takes the source, the data date and the run that begins.
-- Leaves its row in ops.ingest_run. A later run for the same data date takes the row over; the same run again changes
-- nothing.
insert into ops.ingest_run (source, data_date, run_id)
values (%(source)s, %(data_date)s, %(run_id)s)
on conflict (source, data_date) do update set
    run_id = excluded.run_id,
    started_at = clock_timestamp(),
    finished_at = null,
    halted_reason = null
where ops.ingest_run.run_id <> excluded.run_id;
