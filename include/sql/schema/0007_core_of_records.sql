-- What the e-office, the treasury and the returns have told.
create table core.office_unit_day (
    source text not null,
    agency_code text not null,
    day date not null,
    agency_name text,
    received numeric not null,
    received_electronic numeric,
    received_digitised numeric,
    sent numeric not null,
    sent_without_paper numeric not null,
    sent_with_paper numeric not null,
    sent_on_paper numeric,
    secret numeric,
    processed_online numeric not null,
    work_files numeric not null,
    work_files_online numeric not null,
    quality_flags text[] not null default '{}',
    reported_on date not null,
    content_sha256 text not null,
    load_id uuid not null references ops.load (load_id),
    primary key (source, agency_code, day)
);
create index office_unit_day_by_load on core.office_unit_day (load_id);
create index office_unit_day_by_day on core.office_unit_day (day);
comment on table core.office_unit_day is 'Documents and work files of the e-office: one row for each unit and day, as told last.';
comment on column core.office_unit_day.source is 'Source profile.';
comment on column core.office_unit_day.agency_code is 'Identifier code of the unit.';
comment on column core.office_unit_day.day is 'The day counted.';
comment on column core.office_unit_day.agency_name is 'Name as the e-office spells it.';
comment on column core.office_unit_day.received is 'Documents received.';
comment on column core.office_unit_day.received_electronic is 'Of them electronic.';
comment on column core.office_unit_day.received_digitised is 'Of them digitised.';
comment on column core.office_unit_day.sent is 'Documents sent, secret ones in no column but their own.';
comment on column core.office_unit_day.sent_without_paper is 'Of them electronic without paper.';
comment on column core.office_unit_day.sent_with_paper is 'Of them electronic with a paper copy.';
comment on column core.office_unit_day.sent_on_paper is 'Of them on paper only.';
comment on column core.office_unit_day.secret is 'Secret documents, for information.';
comment on column core.office_unit_day.processed_online is 'Documents processed in the e-office.';
comment on column core.office_unit_day.work_files is 'Work files.';
comment on column core.office_unit_day.work_files_online is 'Work files processed in the e-office.';
comment on column core.office_unit_day.quality_flags is 'Flags of the source and of the audit.';
comment on column core.office_unit_day.reported_on is 'Day of the night that told it last; a later telling wins.';
comment on column core.office_unit_day.content_sha256 is 'Bytes that told it last; of equal days the greater hash wins.';
comment on column core.office_unit_day.load_id is 'The load that brought these values first.';

create table core.disbursement (
    source text not null,
    budget_year int not null,
    closed_on date not null,
    project_code text not null,
    fund_code text not null,
    plan_kind text not null check (plan_kind in ('TTG', 'HDND')),
    is_carried_over boolean not null,
    effective_on date not null,
    decision_no text,
    project_name text,
    investor_code text,
    investor_name text,
    plan_vnd numeric not null,
    carried_over_vnd numeric not null,
    completed_vnd numeric not null,
    advance_vnd numeric not null,
    received_unit_vnd numeric not null,
    quality_flags text[] not null default '{}',
    reported_on date not null,
    content_sha256 text not null,
    load_id uuid not null references ops.load (load_id),
    primary key (source, budget_year, closed_on, project_code, fund_code, plan_kind, is_carried_over, effective_on)
);
create index disbursement_by_load on core.disbursement (load_id);
create index disbursement_by_plan on core.disbursement (
    budget_year, project_code, fund_code, plan_kind, is_carried_over, effective_on, closed_on
);
comment on table core.disbursement is 'Public investment: plan and payments of each project, fund and kind of plan, cumulative to each closing day.';
comment on column core.disbursement.source is 'Source profile.';
comment on column core.disbursement.budget_year is 'Budget year; it closes on 31 January of the next.';
comment on column core.disbursement.closed_on is 'Closing day of the figures.';
comment on column core.disbursement.project_code is 'Project, 7 digits.';
comment on column core.disbursement.fund_code is 'Source of funds.';
comment on column core.disbursement.plan_kind is 'TTG: plan assigned by the Prime Minister; HDND: by the provincial council, which contains it.';
comment on column core.disbursement.is_carried_over is 'Capital carried over from earlier years: kept apart from every rate.';
comment on column core.disbursement.effective_on is 'Day from which this version of the plan is in force.';
comment on column core.disbursement.decision_no is 'Decision that assigned it.';
comment on column core.disbursement.project_name is 'Name of the project.';
comment on column core.disbursement.investor_code is 'Investor; no agency of the map.';
comment on column core.disbursement.investor_name is 'Name of the investor.';
comment on column core.disbursement.plan_vnd is 'Plan of the budget year, in đồng.';
comment on column core.disbursement.carried_over_vnd is 'Plan carried over, in đồng.';
comment on column core.disbursement.completed_vnd is 'Paid for completed work, cumulative, in đồng.';
comment on column core.disbursement.advance_vnd is 'Advances outstanding, in đồng.';
comment on column core.disbursement.received_unit_vnd is 'The unit in which it came, in đồng.';
comment on column core.disbursement.quality_flags is 'Flags of the source and of the audit.';
comment on column core.disbursement.reported_on is 'Day of the night that told it; a later telling of the same closing day wins.';
comment on column core.disbursement.content_sha256 is 'Bytes that told it; of equal days the greater hash wins.';
comment on column core.disbursement.load_id is 'The load that brought these values first.';

create table core.return_value (
    load_id uuid not null references ops.load (load_id),
    row_no bigint not null,
    source text not null,
    indicator_code text not null,
    agency_code text not null,
    period text not null,
    period_start date not null,
    period_end date not null,
    numerator numeric not null,
    denominator numeric,
    evidence text,
    note text,
    quality_flags text[] not null default '{}',
    reported_on date not null,
    content_sha256 text not null,
    primary key (load_id, row_no)
);
create index return_value_by_indicator on core.return_value (indicator_code, agency_code, period_end);
comment on table core.return_value is 'Figures that people reported, every one of them: a later file corrects an earlier one, nothing is overwritten.';
comment on column core.return_value.load_id is 'The file it came with.';
comment on column core.return_value.row_no is 'Its number within the file.';
comment on column core.return_value.source is 'Source profile.';
comment on column core.return_value.indicator_code is 'Entry of the plan.';
comment on column core.return_value.agency_code is 'Whose figure it is; the root for the province.';
comment on column core.return_value.period is 'Period as reported: 2024-Q1, 2024-06 or 2024.';
comment on column core.return_value.period_start is 'First day of that period.';
comment on column core.return_value.period_end is 'Last day; the figures are cumulative from 1 January to it and used from it on.';
comment on column core.return_value.numerator is 'As reported; 0 or 1 where agencies are counted.';
comment on column core.return_value.denominator is 'As reported; 1 where agencies are counted.';
comment on column core.return_value.evidence is 'Document that proves it.';
comment on column core.return_value.note is 'Remark of the reporter.';
comment on column core.return_value.quality_flags is 'Flags of the audit.';
comment on column core.return_value.reported_on is 'Day of the night that first saw the file; of equal ends the later one wins.';
comment on column core.return_value.content_sha256 is 'Hash of the file; of equal nights the greater one wins.';

create table core.task_report (
    load_id uuid not null references ops.load (load_id),
    row_no bigint not null,
    source text not null,
    plan_year int not null,
    task_code text not null,
    agency_code text not null,
    status text not null check (status in ('not_started', 'in_progress', 'done', 'not_applicable')),
    done_on date,
    evidence text,
    quality_flags text[] not null default '{}',
    reported_on date not null,
    content_sha256 text not null,
    primary key (load_id, row_no),
    check ((status = 'done') = (done_on is not null))
);
create index task_report_by_task on core.task_report (plan_year, task_code, agency_code, reported_on);
comment on table core.task_report is 'Statuses of tasks that people reported, every one of them.';
comment on column core.task_report.load_id is 'The file it came with.';
comment on column core.task_report.row_no is 'Its number within the file.';
comment on column core.task_report.source is 'Source profile.';
comment on column core.task_report.plan_year is 'Plan whose task it is: of the year of completion, if that plan has the task; else of the year in which it was told.';
comment on column core.task_report.task_code is 'Task of the plan''s annex.';
comment on column core.task_report.agency_code is 'Who reports it.';
comment on column core.task_report.status is 'not_started, in_progress, done or not_applicable.';
comment on column core.task_report.done_on is 'Day of completion; with done only.';
comment on column core.task_report.evidence is 'Document that proves it.';
comment on column core.task_report.quality_flags is 'Flags of the audit.';
comment on column core.task_report.reported_on is 'Day of the night that first saw the file: the status holds from it on.';
comment on column core.task_report.content_sha256 is 'Hash of the file; of equal nights the greater one wins.';
grant select, insert, update, delete on all tables in schema core to cchc_loader;
grant select on all tables in schema core to cchc_analyst;
