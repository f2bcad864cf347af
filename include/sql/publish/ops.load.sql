-- Takes the values of a ledger row.
-- Leaves it in ops.load; a load that was stopped or failed before gets its new status and counts.
insert into ops.load as l (
    load_id, source, entity, window_start, window_end, data_date, content_sha256, status, received_rows,
    accepted_rows, quarantined_rows, stop_rules, error, archive_uri, captured_at, modified_at, run_id, started_at
)
values (
    %(load_id)s, %(source)s, %(entity)s, %(window_start)s, %(window_end)s, %(data_date)s, %(content_sha256)s,
    %(status)s, %(received_rows)s, %(accepted_rows)s, %(quarantined_rows)s, %(stop_rules)s, %(error)s,
    %(archive_uri)s, %(captured_at)s, %(modified_at)s, %(run_id)s, %(started_at)s
)
on conflict (load_id) do update set
    status = excluded.status,
    received_rows = excluded.received_rows,
    accepted_rows = excluded.accepted_rows,
    quarantined_rows = excluded.quarantined_rows,
    stop_rules = excluded.stop_rules,
    error = excluded.error,
    archive_uri = excluded.archive_uri,
    run_id = excluded.run_id,
    finished_at = clock_timestamp();
