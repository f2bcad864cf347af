-- The ledger and what it accounts for.
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
    run_id text not null,
    started_at timestamptz not null,
    finished_at timestamptz not null default clock_timestamp(),
    check (accepted_rows + quarantined_rows = received_rows)
);
create index load_by_source_day on ops.load (source, data_date, entity);
comment on table ops.load is 'Ledger: one row for each load of one window of one source. It commits with the rows it counts; accepted + quarantined = received.';
comment on column ops.load.load_id is 'Derived from source, entity, window, day described and content hash: the same bytes are the same load.';
comment on column ops.load.source is 'Source profile (file name in include/sources/).';
comment on column ops.load.entity is 'What was asked of the source: for the portal, the endpoint.';
comment on column ops.load.window_start is 'First day of the period asked for.';
comment on column ops.load.window_end is 'Last day of the period asked for, but not after the day described.';
comment on column ops.load.data_date is 'The day that the content describes, at its end (Asia/Ho_Chi_Minh). NULL when nothing came.';
comment on column ops.load.newest_day is 'Newest day of its accepted rows. NULL when none was accepted.';
comment on column ops.load.content_sha256 is 'SHA-256 of the bytes received (of several pages: of their hashes in order). NULL when nothing came.';
comment on column ops.load.status is 'published, stopped (audit refused the load: all its rows are in quarantine) or failed (nothing usable came).';
comment on column ops.load.received_rows is 'Rows staged.';
comment on column ops.load.accepted_rows is 'Rows published.';
comment on column ops.load.quarantined_rows is 'Rows in ops.quarantine.';
comment on column ops.load.changed_rows is 'Rows of core that this load made or changed.';
comment on column ops.load.stop_rules is 'Rules that stopped the load.';
comment on column ops.load.error is 'For people: what failed, with the request named. NULL when published.';
comment on column ops.load.archive_uri is 'Folder of the archived bytes.';
comment on column ops.load.captured_at is 'When the source answered: HTTP Date, else our clock.';
comment on column ops.load.run_id is 'Airflow run that loaded it.';
comment on column ops.load.started_at is 'When staging of this load began.';
comment on column ops.load.finished_at is 'When its transaction wrote the ledger.';

create table ops.source (
    source text not null,
    entity text not null,
    name_vi text not null,
    connection text not null,
    allowed_delay_days int not null,
    primary key (source, entity)
);
comment on table ops.source is 'The source profiles (include/sources/), mirrored each night: what is expected, whether it came or not.';
comment on column ops.source.source is 'Source profile (file name).';
comment on column ops.source.entity is 'Entity, as in ops.load.';
comment on column ops.source.name_vi is 'Name of the source.';
comment on column ops.source.connection is 'Airflow connection.';
comment on column ops.source.allowed_delay_days is 'Days that its newest data may lie behind.';

create table ops.ingest_run (
    source text not null,
    data_date date not null,
    run_id text not null,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    halted_reason text,
    primary key (source, data_date)
);
comment on table ops.ingest_run is 'How far the newest ingest run of each source and day has come; the attainment waits for it.';
comment on column ops.ingest_run.source is 'Source profile.';
comment on column ops.ingest_run.data_date is 'The day that the night is for.';
comment on column ops.ingest_run.run_id is 'Airflow run.';
comment on column ops.ingest_run.started_at is 'When the run began.';
comment on column ops.ingest_run.finished_at is 'When all its windows had ended, well or not.';
comment on column ops.ingest_run.halted_reason is 'Why the source is asked nothing more in this run (refusal, firewall, tries used up). NULL: it may be asked.';

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
comment on table ops.expectation_result is 'What each rule of a suite said of each load.';
comment on column ops.expectation_result.load_id is 'The load checked (in ops.load once it has ended).';
comment on column ops.expectation_result.suite is 'File in include/expectations/.';
comment on column ops.expectation_result.rule_id is 'Name of the rule, as in quarantine and flags.';
comment on column ops.expectation_result.expectation is 'The expectation and the column it looks at.';
comment on column ops.expectation_result.severity is 'critical stops the load, warning sends the row to quarantine, info flags the figure.';
comment on column ops.expectation_result.is_success is 'True when no row broke the rule.';
comment on column ops.expectation_result.checked_rows is 'Rows looked at; NULL where the expectation does not count them.';
comment on column ops.expectation_result.unexpected_rows is 'Rows that broke the rule, all of them counted.';
comment on column ops.expectation_result.run_id is 'Airflow run.';
comment on column ops.expectation_result.checked_at is 'When it was checked last.';

create table ops.quarantine (
    load_id uuid not null references ops.load (load_id),
    row_no bigint not null,
    source text not null,
    entity text not null,
    row_key text not null,
    payload jsonb not null,
    rules text[] not null,
    first_seen_at timestamptz not null default clock_timestamp(),
    last_seen_at timestamptz not null default clock_timestamp(),
    resolved_at timestamptz,
    resolved_by_load_id uuid references ops.load (load_id),
    primary key (load_id, row_no)
);
create index quarantine_open on ops.quarantine (source, entity, row_key) where resolved_at is null;
comment on table ops.quarantine is 'Every row that was received and not published, with the rules it broke.';
comment on column ops.quarantine.load_id is 'The load it came with.';
comment on column ops.quarantine.row_no is 'Its number within the load.';
comment on column ops.quarantine.source is 'Source profile.';
comment on column ops.quarantine.entity is 'Entity of the load.';
comment on column ops.quarantine.row_key is 'What the row is about, the same from load to load.';
comment on column ops.quarantine.payload is 'The row as staged, with its place in the response. Not readable by analysts.';
comment on column ops.quarantine.rules is 'Rules it broke; load_stopped:<rule> where the whole load was stopped.';
comment on column ops.quarantine.first_seen_at is 'When it was first put here.';
comment on column ops.quarantine.last_seen_at is 'When the same load last put it here.';
comment on column ops.quarantine.resolved_at is 'When a good row for the same key and day was published. NULL: open.';
comment on column ops.quarantine.resolved_by_load_id is 'The load that brought the good row.';

create table ops.dirty_date (
    dirty_date_id bigint generated always as identity primary key,
    load_id uuid not null references ops.load (load_id),
    source text not null,
    data_date date not null
);
comment on table ops.dirty_date is 'Days described by publishes that no attainment has taken in yet. Written with the rows, removed with the attainment.';
comment on column ops.dirty_date.dirty_date_id is 'Order of arrival.';
comment on column ops.dirty_date.load_id is 'The load that changed something.';
comment on column ops.dirty_date.source is 'Source profile.';
comment on column ops.dirty_date.data_date is 'The day the load describes; the days after it in the same year may depend on it.';

grant select, insert, update, delete on all tables in schema ops to cchc_loader;
grant select on ops.load, ops.source, ops.ingest_run, ops.expectation_result, ops.dirty_date to cchc_analyst;
grant select (
    load_id, row_no, source, entity, row_key, rules, first_seen_at, last_seen_at, resolved_at, resolved_by_load_id
) on ops.quarantine to cchc_analyst;
