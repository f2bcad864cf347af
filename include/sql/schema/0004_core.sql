-- Facts and dimensions as published; every fact names its load. Nothing here is computed from anything else.

create table core.agency_catalog (
    agency_code text not null,
    valid_from date not null,
    valid_to date,
    name_vi text not null,
    level text not null,
    parent_code text,
    gso_code text,
    is_synthetic_code boolean not null,
    note text,
    primary key (agency_code, valid_from),
    check (valid_to > valid_from)
);
comment on table core.agency_catalog is 'Agencies of the catalog (include/catalog/agencies.csv), every version.';
comment on column core.agency_catalog.agency_code is 'Identifier code, H58.01 …; reused over time: never an identity without valid_from.';
comment on column core.agency_catalog.valid_from is 'First day of this version.';
comment on column core.agency_catalog.valid_to is 'Day after its last; NULL while in force.';
comment on column core.agency_catalog.name_vi is 'Name in this version.';
comment on column core.agency_catalog.level is 'province, department, district, division, commune or public_service_unit.';
comment on column core.agency_catalog.parent_code is 'Identifier code of the agency above.';
comment on column core.agency_catalog.gso_code is 'Code of the administrative unit at the General Statistics Office.';
comment on column core.agency_catalog.is_synthetic_code is 'True: cchc made the code, in the official form, until the province gives its own.';
comment on column core.agency_catalog.note is 'Remark of the editor.';

create table core.agency_set_member (
    set_code text not null,
    agency_code text not null,
    valid_from date not null,
    valid_to date,
    primary key (set_code, agency_code, valid_from)
);
comment on table core.agency_set_member is 'Members of the named sets (include/catalog/agency_sets.yaml), by interval.';
comment on column core.agency_set_member.set_code is 'Named set, such as co_quan_chuyen_mon.';
comment on column core.agency_set_member.agency_code is 'Agency that is a member.';
comment on column core.agency_set_member.valid_from is 'First day of membership.';
comment on column core.agency_set_member.valid_to is 'Day after its last; NULL while in force.';

create table core.portal_department (
    source text not null,
    department_id text not null,
    data_date date not null,
    department_code text,
    name_vi text,
    level text,
    is_root boolean not null,
    parent_id text,
    load_ids uuid[] not null,
    primary key (source, department_id, data_date)
);
comment on table core.portal_department is 'Departments as the portal names them on each day; one endpoint fills in what another leaves out.';
comment on column core.portal_department.source is 'Source profile: the name of its file in include/sources/.';
comment on column core.portal_department.department_id is 'The portal''s departmentId, the only key common to all its endpoints.';
comment on column core.portal_department.data_date is 'Data date: the day that the answer describes.';
comment on column core.portal_department.department_code is 'departmentCode = identifier code; NULL where no endpoint of the day gave it.';
comment on column core.portal_department.name_vi is 'departmentName: name of the department.';
comment on column core.portal_department.level is 'Level of the agency, from departmentType or level.';
comment on column core.portal_department.is_root is 'True for the province.';
comment on column core.portal_department.parent_id is 'departmentId of the root it was listed under.';
comment on column core.portal_department.load_ids is 'Loads that named it on that day, in order of their ids.';

create table core.portal_statistic (
    source text not null,
    data_date date not null,
    period text not null check (period in ('year', 'month')),
    period_start date not null,
    metric text not null,
    department_id text not null,
    entity text not null,
    is_root boolean not null,
    numerator numeric,
    denominator numeric,
    ratio numeric,
    score numeric,
    max_score numeric,
    quality_flags text[] not null default '{}',
    load_id uuid not null references ops.load (load_id),
    primary key (source, data_date, period, period_start, metric, department_id)
);
create index portal_statistic_by_load on core.portal_statistic (load_id);
comment on table core.portal_statistic is 'Statistics of the portal: one row for each data date, period, metric and department.';
comment on column core.portal_statistic.source is 'Source profile: the name of its file in include/sources/.';
comment on column core.portal_statistic.data_date is 'Data date: the day that the answer describes.';
comment on column core.portal_statistic.period is 'year (cumulative from 1 January) or month (a month just ended).';
comment on column core.portal_statistic.period_start is 'First day of that period.';
comment on column core.portal_statistic.metric is 'Metric, as the field map of the profile names it.';
comment on column core.portal_statistic.department_id is 'The portal''s departmentId.';
comment on column core.portal_statistic.entity is 'Endpoint of the portal.';
comment on column core.portal_statistic.is_root is 'True for the province''s own values; children are never summed into them.';
comment on column core.portal_statistic.numerator is 'Count; NULL where the portal gives only a ratio.';
comment on column core.portal_statistic.denominator is 'Count; NULL where the portal gives only a ratio.';
comment on column core.portal_statistic.ratio is 'Percent as the portal printed it, only where its field means numerator ÷ denominator.';
comment on column core.portal_statistic.score is 'Points given by the portal (index 766).';
comment on column core.portal_statistic.max_score is 'Maximum number of points.';
comment on column core.portal_statistic.quality_flags is 'Flags of the source and of the audit.';
comment on column core.portal_statistic.load_id is 'Load that brought the row.';

create table core.office_unit_day (
    source text not null,
    agency_code text not null,
    province_code text not null generated always as (core.province_of(agency_code)) stored,
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
create index office_unit_day_by_day on core.office_unit_day (day);
create index office_unit_day_by_load on core.office_unit_day (load_id);
comment on table core.office_unit_day is 'Documents and work files of the e-office, one row for each unit and day; the newest report wins.';
comment on column core.office_unit_day.source is 'Source profile: the name of its file in include/sources/.';
comment on column core.office_unit_day.agency_code is 'Identifier code of the unit.';
comment on column core.office_unit_day.province_code is 'Province whose row it is: the first part of the agency''s identifier code.';
comment on column core.office_unit_day.day is 'Day whose documents are counted.';
comment on column core.office_unit_day.agency_name is 'Name as the e-office spells it.';
comment on column core.office_unit_day.received is 'Number of documents received.';
comment on column core.office_unit_day.received_electronic is 'Documents received electronically.';
comment on column core.office_unit_day.received_digitised is 'Documents received and digitised.';
comment on column core.office_unit_day.sent is 'Documents sent; secret ones are only in their own column.';
comment on column core.office_unit_day.sent_without_paper is 'Documents sent electronically without paper.';
comment on column core.office_unit_day.sent_with_paper is 'Documents sent electronically with a paper copy.';
comment on column core.office_unit_day.sent_on_paper is 'Documents sent on paper only.';
comment on column core.office_unit_day.secret is 'Secret documents, for information.';
comment on column core.office_unit_day.processed_online is 'Documents processed in the e-office.';
comment on column core.office_unit_day.work_files is 'Number of work files.';
comment on column core.office_unit_day.work_files_online is 'Work files processed in the e-office.';
comment on column core.office_unit_day.quality_flags is 'Flags of the source and of the audit.';
comment on column core.office_unit_day.reported_on is 'Data date of the run that brought the newest report; a later report wins.';
comment on column core.office_unit_day.content_sha256 is 'SHA-256 of the newest report; of equal days the greater hash wins.';
comment on column core.office_unit_day.load_id is 'Load that first brought these values.';

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
    modified_at timestamptz not null,
    content_sha256 text not null,
    load_id uuid not null references ops.load (load_id),
    primary key (source, budget_year, closed_on, project_code, fund_code, plan_kind, is_carried_over, effective_on)
);
create index disbursement_by_load on core.disbursement (load_id);
create index disbursement_by_plan on core.disbursement (
    budget_year, project_code, fund_code, plan_kind, is_carried_over, effective_on, closed_on
);
comment on table core.disbursement is 'Public investment: plan and payments of each project, fund and kind of plan, cumulative to each closing day.';
comment on column core.disbursement.source is 'Source profile: the name of its file in include/sources/.';
comment on column core.disbursement.budget_year is 'Budget year; it closes on 31 January of the next.';
comment on column core.disbursement.closed_on is 'Closing day of the payments.';
comment on column core.disbursement.project_code is 'Project, 7 digits.';
comment on column core.disbursement.fund_code is 'Source of funds.';
comment on column core.disbursement.plan_kind is 'TTG: plan assigned by the Prime Minister; HDND: by the provincial council, which contains it.';
comment on column core.disbursement.is_carried_over is 'Capital carried over from earlier years: kept apart from every rate.';
comment on column core.disbursement.effective_on is 'First day on which this version of the plan is in force.';
comment on column core.disbursement.decision_no is 'Decision that assigned the plan.';
comment on column core.disbursement.project_name is 'Name of the project.';
comment on column core.disbursement.investor_code is 'Investor; the map of agencies does not have it.';
comment on column core.disbursement.investor_name is 'Name of the investor.';
comment on column core.disbursement.plan_vnd is 'Plan of the budget year, in đồng.';
comment on column core.disbursement.carried_over_vnd is 'Plan carried over, in đồng.';
comment on column core.disbursement.completed_vnd is 'Paid for completed work, cumulative, in đồng.';
comment on column core.disbursement.advance_vnd is 'Advances outstanding, in đồng.';
comment on column core.disbursement.received_unit_vnd is 'Unit of the amounts as received, in đồng.';
comment on column core.disbursement.quality_flags is 'Flags of the source and of the audit.';
comment on column core.disbursement.reported_on is 'Data date of the run that brought the report. All rows of one closing, project, fund and kind of plan come from one report, the newest.';
comment on column core.disbursement.modified_at is 'Last change of its file, or capture of its answer; of equal days the later one wins.';
comment on column core.disbursement.content_sha256 is 'SHA-256 of the report; of equal modification times the greater hash wins.';
comment on column core.disbursement.load_id is 'Load that first brought these values.';

create table core.return_value (
    load_id uuid not null references ops.load (load_id),
    row_no bigint not null,
    source text not null,
    indicator_code text not null,
    agency_code text not null,
    province_code text not null generated always as (core.province_of(agency_code)) stored,
    period text not null,
    period_start date not null,
    period_end date not null,
    numerator numeric not null,
    denominator numeric,
    evidence text,
    note text,
    quality_flags text[] not null default '{}',
    reported_on date not null,
    modified_at timestamptz not null,
    content_sha256 text not null,
    primary key (load_id, row_no)
);
create index return_value_by_indicator on core.return_value (indicator_code, agency_code, period_end);
comment on table core.return_value is 'Values that agencies reported in files, every one of them: a later file corrects an earlier one, nothing is overwritten.';
comment on column core.return_value.load_id is 'Load of the file.';
comment on column core.return_value.row_no is 'Number of the row within its file.';
comment on column core.return_value.source is 'Source profile: the name of its file in include/sources/.';
comment on column core.return_value.indicator_code is 'Indicator of the plan that the value is for.';
comment on column core.return_value.agency_code is 'Agency whose value it is; the root for the province.';
comment on column core.return_value.province_code is 'Province whose row it is: the first part of the agency''s identifier code.';
comment on column core.return_value.period is 'Period as reported: 2024-Q1, 2024-06 or 2024.';
comment on column core.return_value.period_start is 'First day of that period.';
comment on column core.return_value.period_end is 'Last day of that period. The values are cumulative from 1 January to it and used from it on.';
comment on column core.return_value.numerator is 'As reported; 0 or 1 where agencies are counted.';
comment on column core.return_value.denominator is 'As reported; 1 where agencies are counted.';
comment on column core.return_value.evidence is 'Document that proves the value.';
comment on column core.return_value.note is 'Remark of the reporter.';
comment on column core.return_value.quality_flags is 'Flags of the audit.';
comment on column core.return_value.reported_on is 'Data date of the run that first saw the file; of equal period ends the later one wins.';
comment on column core.return_value.modified_at is 'Last change of the file; of equal reported_on the later one wins.';
comment on column core.return_value.content_sha256 is 'SHA-256 of the report; of equal modification times the greater hash wins.';

create table core.task_report (
    load_id uuid not null references ops.load (load_id),
    row_no bigint not null,
    source text not null,
    plan_year int not null,
    task_code text not null,
    agency_code text not null,
    province_code text not null generated always as (core.province_of(agency_code)) stored,
    status text not null check (status in ('not_started', 'in_progress', 'done', 'not_applicable')),
    done_on date,
    evidence text,
    quality_flags text[] not null default '{}',
    reported_on date not null,
    modified_at timestamptz not null,
    content_sha256 text not null,
    primary key (load_id, row_no),
    check ((status = 'done') = (done_on is not null))
);
create index task_report_by_task on core.task_report (plan_year, task_code, agency_code, reported_on);
comment on table core.task_report is 'Statuses of tasks that agencies reported in files, every one of them.';
comment on column core.task_report.load_id is 'Load of the file.';
comment on column core.task_report.row_no is 'Number of the row within its file.';
comment on column core.task_report.source is 'Source profile: the name of its file in include/sources/.';
comment on column core.task_report.plan_year is 'Plan of the task: of the year of completion, if that plan has the task, else of the year of the report.';
comment on column core.task_report.task_code is 'Task of the plan''s annex.';
comment on column core.task_report.agency_code is 'Agency that reported it.';
comment on column core.task_report.province_code is 'Province whose row it is: the first part of the agency''s identifier code.';
comment on column core.task_report.status is 'not_started, in_progress, done or not_applicable.';
comment on column core.task_report.done_on is 'Day of completion; with done only.';
comment on column core.task_report.evidence is 'Document that proves the status.';
comment on column core.task_report.quality_flags is 'Flags of the audit.';
comment on column core.task_report.reported_on is 'Data date of the run that first saw the file; the status holds from it on.';
comment on column core.task_report.modified_at is 'Last change of the file; of equal reported_on the later one wins.';
comment on column core.task_report.content_sha256 is 'SHA-256 of the report; of equal modification times the greater hash wins.';

grant select, insert, update, delete on all tables in schema core to cchc_loader;
grant select on all tables in schema core to cchc_analyst;
