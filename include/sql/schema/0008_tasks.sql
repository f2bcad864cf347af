-- The tasks of the plan's annex.
create table mart.task (
    province_code text not null,
    plan_year int not null,
    task_code text not null,
    ordinal int not null,
    group_vi text not null,
    content_vi text not null,
    lead_agency_vi text not null,
    coordinating_agency_vi text,
    approving_level_vi text,
    deadline_vi text,
    deadline_kind text not null,
    starts_on date,
    due_on date,
    due_soon_days int not null,
    indicator_codes text[] not null,
    primary key (province_code, plan_year, task_code)
);
comment on table mart.task is 'Tasks of the plan''s annex as data (include/catalog/tasks_*.yaml).';
comment on column mart.task.province_code is 'Root agency whose plan it is.';
comment on column mart.task.plan_year is 'Year of the plan.';
comment on column mart.task.task_code is 'PL.I.1 …';
comment on column mart.task.ordinal is 'Place in the annex.';
comment on column mart.task.group_vi is 'Heading it stands under.';
comment on column mart.task.content_vi is 'Its exact words.';
comment on column mart.task.lead_agency_vi is 'Who leads, in the annex''s words.';
comment on column mart.task.coordinating_agency_vi is 'Who takes part, in the annex''s words.';
comment on column mart.task.approving_level_vi is 'Who approves, in the annex''s words.';
comment on column mart.task.deadline_vi is 'When, in the annex''s words.';
comment on column mart.task.deadline_kind is 'Kind of deadline: fixed_window, quarter, quarter_range, from_date_open, ongoing …';
comment on column mart.task.starts_on is 'First day of its window; NULL where the annex gives none.';
comment on column mart.task.due_on is 'Last day of its window; NULL: it can be neither overdue nor due soon.';
comment on column mart.task.due_soon_days is 'Days before due_on on which it is due soon.';
comment on column mart.task.indicator_codes is 'Entries of the plan that it serves.';

create table mart.task_agency (
    province_code text not null,
    plan_year int not null,
    task_code text not null,
    agency_code text not null,
    valid_from date not null,
    valid_to date,
    primary key (province_code, plan_year, task_code, agency_code, valid_from)
);
comment on table mart.task_agency is 'Who answers for each task: its lead agencies, as they are on the map. The root stands for a lead that isn''t on it.';
comment on column mart.task_agency.province_code is 'Root agency whose plan it is.';
comment on column mart.task_agency.plan_year is 'Year of the plan.';
comment on column mart.task_agency.task_code is 'Task.';
comment on column mart.task_agency.agency_code is 'Agency.';
comment on column mart.task_agency.valid_from is 'First day.';
comment on column mart.task_agency.valid_to is 'Day after its last; NULL while it answers.';

create table mart.task_status (
    as_of_date date not null,
    plan_year int not null,
    task_code text not null,
    agency_code text not null,
    status text not null check (status in ('not_started', 'in_progress', 'done', 'not_applicable', 'no_data')),
    due_on date,
    done_on date,
    is_overdue boolean not null,
    is_due_soon boolean not null,
    evidence text,
    load_id uuid references ops.load (load_id),
    run_id text not null,
    computed_at timestamptz not null,
    primary key (as_of_date, plan_year, task_code, agency_code)
);
comment on table mart.task_status is 'Status of every task of the plan, for every agency that answers for it, by day.';
comment on column mart.task_status.as_of_date is 'The day, at its end.';
comment on column mart.task_status.plan_year is 'The plan.';
comment on column mart.task_status.task_code is 'Task.';
comment on column mart.task_status.agency_code is 'Agency that answers for it, or that reported it.';
comment on column mart.task_status.status is 'not_started, in_progress, done, not_applicable; no_data: nothing reported yet.';
comment on column mart.task_status.due_on is 'Last day of its window; NULL where the annex sets no end.';
comment on column mart.task_status.done_on is 'Day of completion.';
comment on column mart.task_status.is_overdue is 'Its end has passed and no completion by then is reported; never true without due_on.';
comment on column mart.task_status.is_due_soon is 'Its end is near and it is not done; never true without due_on.';
comment on column mart.task_status.evidence is 'Document that proves it.';
comment on column mart.task_status.load_id is 'The file that reported it; NULL: none.';
comment on column mart.task_status.run_id is 'Airflow run that last changed the row.';
comment on column mart.task_status.computed_at is 'When the row last changed.';
grant select, insert, update, delete on all tables in schema mart to cchc_loader;
grant select on all tables in schema mart to cchc_analyst;
