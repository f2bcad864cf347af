-- Ledgers and state of the runs: loads, audit results, quarantine, dirty dates, locks, change log. No facts, no
-- results. Columns that bear the same name mean the same in every table.

create table ops.load (
    load_id uuid primary key,
    source text not null,
    entity text not null,
    window_start date not null,
    window_end date not null,
    data_date date,
    newest_day date,
    content_sha256 text,
    status text not null check (status in ('published', 'stopped', 'failed')),
    received_rows bigint not null default 0,
    accepted_rows bigint not null default 0,
    quarantined_rows bigint not null default 0,
    changed_rows bigint not null default 0,
    stop_rules text[] not null default '{}',
    error text,
    archive_uri text,
    captured_at timestamptz,
    modified_at timestamptz,
    run_id text not null,
    started_at timestamptz not null,
    finished_at timestamptz not null default clock_timestamp(),
    check (accepted_rows + quarantined_rows = received_rows)
);
create index load_by_source_day on ops.load (source, data_date, entity);
comment on table ops.load is 'Ledger of loads: one row for each window or inbox file of a source. It commits with the rows it counts; accepted + quarantined = received.';
comment on column ops.load.load_id is 'Load identifier, derived from source, entity, window, data date and content hash: the same bytes are the same load.';
comment on column ops.load.source is 'Source profile: the name of its file in include/sources/.';
comment on column ops.load.entity is 'Entity asked of the source; for the portal, the endpoint.';
comment on column ops.load.window_start is 'First day of the window asked for.';
comment on column ops.load.window_end is 'Last day of the window asked for, but not after data_date.';
comment on column ops.load.data_date is 'Data date: the day that the content describes, at its end (Asia/Ho_Chi_Minh). NULL when nothing came.';
comment on column ops.load.newest_day is 'Newest day of its accepted rows. NULL when none was accepted.';
comment on column ops.load.content_sha256 is 'SHA-256 of the bytes received (of several pages: of their hashes in order). NULL when nothing came.';
comment on column ops.load.status is 'published; stopped (a critical rule failed, or too many rows are rejected: all its rows are in quarantine); failed: nothing usable came, its bytes are to be loaded again (after make retry or make withdraw), or the rejection report of a file could not be written. For the last case the file has another row with its outcome. error states the case.';
comment on column ops.load.received_rows is 'Rows received and staged.';
comment on column ops.load.accepted_rows is 'Rows accepted by the audit and published.';
comment on column ops.load.quarantined_rows is 'Rows in ops.quarantine.';
comment on column ops.load.changed_rows is 'Rows of core that this load inserted or changed.';
comment on column ops.load.stop_rules is 'Rules that stopped the load.';
comment on column ops.load.error is 'Failure in plain words, with the request named. NULL when published.';
comment on column ops.load.archive_uri is 'Folder of the raw capture.';
comment on column ops.load.captured_at is 'Time of the answer: the source''s HTTP Date, else this installation''s clock.';
comment on column ops.load.modified_at is 'Last change of an inbox file; for answers, and where it isn''t known, the time of capture.';
comment on column ops.load.run_id is 'Airflow run that loaded it.';
comment on column ops.load.started_at is 'Start of its staging.';
comment on column ops.load.finished_at is 'Time of its ledger row, written with its rows.';

create table ops.file_key (
    load_id uuid not null references ops.load (load_id),
    correction_key text not null,
    primary key (load_id, correction_key)
);
comment on table ops.file_key is 'Keys that each published inbox file gives values or statuses for. A later file of the same day with the same key replaces it, and its sender is notified.';
comment on column ops.file_key.load_id is 'Load of the file.';
comment on column ops.file_key.correction_key is 'Indicator or task, agency and end of period; or budget year, closing day, project, fund and kind of plan.';

create table ops.source (
    source text not null,
    entity text not null,
    name_vi text not null,
    connection text not null,
    allowed_delay_days int not null,
    primary key (source, entity)
);
comment on table ops.source is 'Source profiles of include/sources/, synced in each run: the entities that are expected, whether data came or not.';
comment on column ops.source.source is 'Source profile: the name of its file in include/sources/.';
comment on column ops.source.entity is 'Entity, as in ops.load.';
comment on column ops.source.name_vi is 'Name of the source.';
comment on column ops.source.connection is 'Identifier of the Airflow connection.';
comment on column ops.source.allowed_delay_days is 'Days that its newest data may be behind the data date.';

create table ops.ingest_run (
    source text not null,
    data_date date not null,
    run_id text not null,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    halted_reason text,
    primary key (source, data_date)
);
comment on table ops.ingest_run is 'Ingest run of each source and data date, the newest one: how far it has come. The attainment run waits for it.';
comment on column ops.ingest_run.source is 'Source profile: the name of its file in include/sources/.';
comment on column ops.ingest_run.data_date is 'Data date of the run.';
comment on column ops.ingest_run.run_id is 'Airflow run of the ingest DAG.';
comment on column ops.ingest_run.started_at is 'Start of the run.';
comment on column ops.ingest_run.finished_at is 'End of all its windows, whatever their outcome; NULL: it is under way, or was killed.';
comment on column ops.ingest_run.halted_reason is 'Reason why this run sends the source no more requests (access refused, firewall, no tries left). NULL: it may send them.';

create table ops.attainment_run (
    province_code text not null,
    as_of_date date not null,
    run_id text not null,
    ready_at timestamptz not null,
    primary key (province_code, as_of_date)
);
comment on table ops.attainment_run is 'Attainment run of each province and as-of date: the first time at which its results were complete.';
comment on column ops.attainment_run.province_code is 'Province, by the code of its root agency.';
comment on column ops.attainment_run.as_of_date is 'As-of date that was computed.';
comment on column ops.attainment_run.run_id is 'Airflow run of the attainment DAG.';
comment on column ops.attainment_run.ready_at is 'Time at which its results were first complete.';

create table ops.dirty_date (
    dirty_date_id bigint generated always as identity primary key,
    load_id uuid references ops.load (load_id),
    source text not null,
    data_date date not null
);
comment on table ops.dirty_date is 'Dirty dates: data dates whose facts changed since attainment was last computed. Written with the facts, removed with the attainment.';
comment on column ops.dirty_date.dirty_date_id is 'Sequence number in order of arrival.';
comment on column ops.dirty_date.load_id is 'Load that changed the facts; NULL: loads were withdrawn.';
comment on column ops.dirty_date.source is 'Source profile: the name of its file in include/sources/.';
comment on column ops.dirty_date.data_date is 'Data date of the changed facts; later days of the same year may depend on it.';

create table ops.lock (
    name text primary key
);
comment on table ops.lock is 'Locks of the runs, one row each. The transaction that holds the row FOR UPDATE holds the lock.';
comment on column ops.lock.name is 'Name of the work that one process does at a time: attain, catalog, sources, compose, deliver; or publish, ask or check with a source.';

create table ops.expectation_result (
    load_id uuid not null,
    suite text not null,
    rule_id text not null,
    expectation text not null,
    severity text not null check (severity in ('critical', 'warning', 'info')),
    is_success boolean not null,
    checked_rows bigint,
    unexpected_rows bigint not null,
    run_id text not null,
    checked_at timestamptz not null default clock_timestamp(),
    primary key (load_id, suite, rule_id, expectation)
);
comment on table ops.expectation_result is 'Result of each rule of a suite for each load.';
comment on column ops.expectation_result.load_id is 'Load that was audited (in ops.load once it has ended).';
comment on column ops.expectation_result.suite is 'Expectation suite: file in include/expectations/.';
comment on column ops.expectation_result.rule_id is 'Rule, as named in quarantine and quality flags.';
comment on column ops.expectation_result.expectation is 'Expectation and the column that it checks.';
comment on column ops.expectation_result.severity is 'critical stops the load; warning sends the row to quarantine; info flags the row.';
comment on column ops.expectation_result.is_success is 'True when no row broke the rule.';
comment on column ops.expectation_result.checked_rows is 'Rows checked; NULL where the expectation does not count them.';
comment on column ops.expectation_result.unexpected_rows is 'Rows that broke the rule, all of them counted.';
comment on column ops.expectation_result.run_id is 'Airflow run that audited the load.';
comment on column ops.expectation_result.checked_at is 'Time of the newest check.';

create table ops.quarantine (
    load_id uuid not null references ops.load (load_id),
    row_no bigint not null,
    source text not null,
    entity text not null,
    row_key text not null,
    payload jsonb not null,
    cells jsonb,
    rules text[] not null,
    first_seen_at timestamptz not null default clock_timestamp(),
    last_seen_at timestamptz not null default clock_timestamp(),
    resolved_at timestamptz,
    resolved_by_load_id uuid references ops.load (load_id),
    primary key (load_id, row_no)
);
create index quarantine_open on ops.quarantine (source, entity, row_key) where resolved_at is null;
comment on table ops.quarantine is 'Rejected rows: every row that was received and not published, with the rules that it broke.';
comment on column ops.quarantine.load_id is 'Load that brought the row.';
comment on column ops.quarantine.row_no is 'Number of the row within its load, from 1.';
comment on column ops.quarantine.source is 'Source profile: the name of its file in include/sources/.';
comment on column ops.quarantine.entity is 'Entity of the load.';
comment on column ops.quarantine.row_key is 'Natural key of the row, the same from load to load.';
comment on column ops.quarantine.payload is 'The row as staged, with its place in the response. Not readable by analysts.';
comment on column ops.quarantine.cells is 'Fields that the broken rules check: heading → cell of the file (sheet and address) and the value read in it. NULL for rows of an API.';
comment on column ops.quarantine.rules is 'Rules it broke; load_stopped:<rule> where the whole load was stopped.';
comment on column ops.quarantine.first_seen_at is 'First time at which the row was quarantined.';
comment on column ops.quarantine.last_seen_at is 'Newest time at which the same load quarantined it.';
comment on column ops.quarantine.resolved_at is 'Publication of a good row for the same key and day. NULL: open.';
comment on column ops.quarantine.resolved_by_load_id is 'Load that brought the good row.';

create table ops.changed_result (
    change_id bigint generated always as identity primary key,
    as_of_date date not null,
    plan_year int not null,
    indicator_code text not null,
    variant text not null,
    agency_code text not null,
    province_code text not null generated always as (core.province_of(agency_code)) stored,
    change text not null check (change in ('inserted', 'updated', 'deleted')),
    run_id text not null,
    changed_at timestamptz not null default clock_timestamp()
);
comment on table ops.changed_result is 'Change log of mart.indicator_attainment, in order. A reader keeps the last change_id it has read.';
comment on column ops.changed_result.change_id is 'Sequence number of the change; transactions follow one another.';
comment on column ops.changed_result.as_of_date is 'As-of date of the changed result.';
comment on column ops.changed_result.plan_year is 'Year of the plan.';
comment on column ops.changed_result.indicator_code is 'Indicator of the plan.';
comment on column ops.changed_result.variant is 'Variant of the indicator: primary, or another interpretation of the same words.';
comment on column ops.changed_result.agency_code is 'Agency of the changed result; the root for the province.';
comment on column ops.changed_result.province_code is 'Province whose row it is: the first part of the agency''s identifier code.';
comment on column ops.changed_result.change is 'Kind of change: inserted, updated or deleted.';
comment on column ops.changed_result.run_id is 'Airflow run that wrote the result; for a deleted one, the run that had written it.';
comment on column ops.changed_result.changed_at is 'Time of the change.';

-- Any statement that inserts, updates, merges or deletes results is logged; a key is never updated.
create function ops.record_changed_results() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
    insert into ops.changed_result (as_of_date, plan_year, indicator_code, variant, agency_code, change, run_id)
    select
        c.as_of_date,
        c.plan_year,
        c.indicator_code,
        c.variant,
        c.agency_code,
        tg_argv[0],
        c.run_id
    from changed as c;
    return null;
end
$$;
comment on function ops.record_changed_results is 'Trigger of mart.indicator_attainment: logs the rows of one statement in ops.changed_result.';

-- Views repeat the columns of their tables: a column that bears the name of one of its origin is described once.
create function ops.copy_comments(view_name regclass, origin regclass) returns void
language plpgsql as $$
declare
    shared record;
begin
    for shared in
        select
            v.attname,
            col_description(t.attrelid, t.attnum) as description
        from pg_attribute as v
        inner join pg_attribute as t on v.attname = t.attname and t.attnum > 0
        where v.attrelid = view_name and t.attrelid = origin
    loop
        execute format('comment on column %s.%I is %L', view_name, shared.attname, shared.description);
    end loop;
end
$$;
comment on function ops.copy_comments is 'Copies the comments of a table''s columns to the columns of the same names of a view.';

grant select, insert, update, delete on all tables in schema ops to cchc_loader;
grant select on
ops.load, ops.file_key, ops.source, ops.ingest_run, ops.attainment_run, ops.dirty_date, ops.expectation_result,
ops.changed_result
to cchc_analyst;
-- The payload may hold what a sender typed anywhere.
grant select (
    load_id, row_no, source, entity, row_key, cells, rules, first_seen_at, last_seen_at, resolved_at,
    resolved_by_load_id
) on ops.quarantine to cchc_analyst;
revoke execute on function ops.record_changed_results from public;
