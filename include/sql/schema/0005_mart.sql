-- Plans, measures and attainment: what analysts read. Triggers write each change of a result to ops.changed_result.

create table mart.indicator (
    province_code text not null,
    plan_year int not null,
    indicator_code text not null,
    variant text not null,
    valid_from date not null,
    valid_to date,
    ordinal int not null,
    clause text not null,
    wording_vi text not null,
    name_vi text not null,
    short_name_vi text not null,
    explanation_vi text,
    explanation text,
    unit_vi text not null,
    comparator text,
    target numeric,
    no_target_reason_vi text,
    is_aspirational boolean not null,
    judged text not null,
    published_on date,
    closes_on date,
    milestone_days date[] not null default '{}',
    milestone_values numeric[] not null default '{}',
    is_share boolean not null,
    counts text not null check (counts in ('whole', 'amount', 'rate')),
    may_exceed_100 boolean not null default false,
    is_target_reported boolean not null,
    source text not null,
    metric text,
    reported_for text not null,
    roll_up text not null check (roll_up in ('own', 'pooled', 'share_of_agencies', 'agencies_attaining')),
    period text not null,
    set_code text,
    set_is_complete boolean,
    levels text[] not null,
    exclusions_vi text,
    lead_agency_vi text not null,
    lead_agency_code text,
    ruling text,
    other_variants text,
    legal_basis_vi text not null,
    primary key (province_code, plan_year, indicator_code, variant, valid_from),
    check (cardinality(milestone_days) = cardinality(milestone_values))
);
comment on table mart.indicator is 'Plans as data (include/catalog/plan_*.yaml): every target with the dates on which it is in force and its legal basis.';
comment on column mart.indicator.province_code is 'Province whose plan it is, by the code of its root agency.';
comment on column mart.indicator.plan_year is 'Year of the plan.';
comment on column mart.indicator.indicator_code is 'Indicator, by its code in the plan: II.1.b-1.';
comment on column mart.indicator.variant is 'primary, or another interpretation of the same words.';
comment on column mart.indicator.valid_from is 'First day of this version of the target.';
comment on column mart.indicator.valid_to is 'Day after its last; NULL: the last target, which later years without a plan of their own also use.';
comment on column mart.indicator.ordinal is 'Position in the decision.';
comment on column mart.indicator.clause is 'Clause of the decision.';
comment on column mart.indicator.wording_vi is 'Exact words of the decision.';
comment on column mart.indicator.name_vi is 'Name of the indicator.';
comment on column mart.indicator.short_name_vi is 'Short name for tables.';
comment on column mart.indicator.explanation_vi is 'Difference between the variant and the primary variant, in Vietnamese.';
comment on column mart.indicator.explanation is 'Difference between the variant and the primary variant.';
comment on column mart.indicator.unit_vi is 'Unit of value and target.';
comment on column mart.indicator.comparator is '>=, > or =; NULL where the decision sets none.';
comment on column mart.indicator.target is 'Target; NULL where it is not known.';
comment on column mart.indicator.no_target_reason_vi is 'Reason why no target is known.';
comment on column mart.indicator.is_aspirational is 'True where the decision writes "phấn đấu".';
comment on column mart.indicator.judged is 'Time of judgement: as_reported, year_end or yearly_survey.';
comment on column mart.indicator.published_on is 'Expected day of a yearly survey.';
comment on column mart.indicator.closes_on is 'Last day on which values of the plan''s own year are reported. Judged year_end: a result is pending before it.';
comment on column mart.indicator.milestone_days is 'Days of plan_year by whose end the value should reach milestone_values, in order. Empty: the plan sets no milestones.';
comment on column mart.indicator.milestone_values is 'Milestones, one for each of milestone_days, in unit_vi.';
comment on column mart.indicator.is_share is 'True: value = numerator × 100 ÷ denominator. False: value = numerator.';
comment on column mart.indicator.counts is 'Kind of numerator and denominator: whole (counts of whole things), amount (money or another quantity with fractions) or rate (a survey, reported as a percentage).';
comment on column mart.indicator.may_exceed_100 is 'True: numerator may be greater than denominator; the result is judged and flagged over_100. False: such a share is invalid.';
comment on column mart.indicator.is_target_reported is 'True: the target is the denominator that is reported with the value (a baseline that the decision does not give).';
comment on column mart.indicator.source is 'Source profile that feeds it; none where no source does.';
comment on column mart.indicator.metric is 'Metric: its measures are <metric>.numerator, .denominator, .ratio.';
comment on column mart.indicator.reported_for is 'agencies, or province where the source reports the province alone.';
comment on column mart.indicator.roll_up is 'Way to the province''s value: own (the source''s own), pooled (sum over the agencies of the set), share_of_agencies (agencies that answered yes ÷ agencies of the set) or agencies_attaining (agencies that attain the target of the primary variant ÷ agencies of the set).';
comment on column mart.indicator.period is 'year_to_date, as_of_day, since_start, budget_year, year or undefined.';
comment on column mart.indicator.set_code is 'Named set of agencies that it counts; NULL: none.';
comment on column mart.indicator.set_is_complete is 'False where the list behind the set is a sample.';
comment on column mart.indicator.levels is 'Levels of the agencies that have a result.';
comment on column mart.indicator.exclusions_vi is 'Exclusions from the count.';
comment on column mart.indicator.lead_agency_vi is 'Lead agency, in the decision''s words.';
comment on column mart.indicator.lead_agency_code is 'Lead agency, where the words name exactly one.';
comment on column mart.indicator.ruling is 'Chosen reading of the words, with the reason.';
comment on column mart.indicator.other_variants is 'Other meanings that the words could have.';
comment on column mart.indicator.legal_basis_vi is 'Decision that sets the target.';

create table mart.measure (
    day date not null,
    period text not null check (period in ('ytd', 'month')),
    measure_code text not null,
    agency_code text not null,
    province_code text not null generated always as (core.province_of(agency_code)) stored,
    figure_year int not null,
    is_increment boolean not null default false,
    value numeric not null,
    data_date date not null,
    fresh_until date not null,
    quality_flags text[] not null default '{}',
    load_id uuid not null references ops.load (load_id),
    metric text not null generated always as (regexp_replace(measure_code, '\.[^.]+$', '')) stored,
    primary key (measure_code, agency_code, period, figure_year, day)
);
create index measure_by_day on mart.measure (day, period);
create index measure_increment on mart.measure (figure_year, day) where is_increment;
comment on table mart.measure is 'Measures: one stored value for each measure, agency and day. They know no target.';
comment on column mart.measure.day is 'Period ytd: the day from which the value holds; for an increment, the day of the event. Period month: the last day of the month.';
comment on column mart.measure.period is 'ytd (from 1 January) or month.';
comment on column mart.measure.measure_code is '<source>.<metric>.<part>, part = numerator, denominator, ratio or rate.';
comment on column mart.measure.agency_code is 'Identifier code of the agency; the root for the province.';
comment on column mart.measure.province_code is 'Province whose row it is: the first part of the agency''s identifier code.';
comment on column mart.measure.figure_year is 'Year whose value it is: the budget year in its 13th month, else the year of day.';
comment on column mart.measure.is_increment is 'True: the amount that the day adds; attainment cumulates it from 1 January. False: the value itself.';
comment on column mart.measure.value is 'Count, or percent for ratio and rate; unrounded.';
comment on column mart.measure.data_date is 'Data date; for months, of the newest capture.';
comment on column mart.measure.fresh_until is 'Last day on which the value is inside the source''s allowed delay; stale after it.';
comment on column mart.measure.quality_flags is 'Flags of the source, the audit and the comparison of days.';
comment on column mart.measure.load_id is 'Load that the value comes from.';
comment on column mart.measure.metric is 'Metric: measure_code without its part.';

create table mart.indicator_attainment (
    as_of_date date not null,
    plan_year int not null,
    figure_year int not null,
    indicator_code text not null,
    variant text not null,
    agency_code text not null,
    province_code text not null generated always as (core.province_of(agency_code)) stored,
    numerator numeric,
    denominator numeric,
    value numeric,
    comparator text,
    target numeric,
    status text not null
    check (status in ('attained', 'missed', 'pending', 'no_data', 'not_applicable', 'invalid')),
    gap numeric,
    pace_target numeric,
    pace_status text not null default 'none' check (pace_status in ('on_track', 'behind', 'none')),
    data_date date,
    is_stale boolean not null,
    quality_flags text[] not null,
    coverage numeric,
    run_id text not null,
    computed_at timestamptz not null,
    primary key (as_of_date, plan_year, indicator_code, variant, agency_code)
);
create index attainment_by_agency on mart.indicator_attainment (agency_code, indicator_code, variant, as_of_date);
comment on table mart.indicator_attainment is 'Attainment: one result for each indicator, variant, agency and as-of date.';
comment on column mart.indicator_attainment.as_of_date is 'As-of date: the day that the result describes, at its end.';
comment on column mart.indicator_attainment.plan_year is 'Year of the plan whose target applies.';
comment on column mart.indicator_attainment.figure_year is 'Year whose values the result holds: the budget year until it closes, else the year of as_of_date (mart.figure_year).';
comment on column mart.indicator_attainment.indicator_code is 'Indicator of the plan.';
comment on column mart.indicator_attainment.variant is 'Variant: primary, or another interpretation of the same words.';
comment on column mart.indicator_attainment.agency_code is 'Identifier code of the agency; the root for the province.';
comment on column mart.indicator_attainment.province_code is 'Province whose row it is: the first part of the agency''s identifier code.';
comment on column mart.indicator_attainment.numerator is 'As measured; NULL where the source gives only a ratio.';
comment on column mart.indicator_attainment.denominator is 'As measured; NULL where the source gives only a ratio.';
comment on column mart.indicator_attainment.value is 'Unrounded, in the indicator''s unit (percent: 0–100); NULL without data.';
comment on column mart.indicator_attainment.comparator is 'Comparison of value with target: >=, > or =.';
comment on column mart.indicator_attainment.target is 'The target in force on as_of_date.';
comment on column mart.indicator_attainment.status is 'attained, missed, pending, no_data, not_applicable or invalid (mart.result_status); values are compared unrounded.';
comment on column mart.indicator_attainment.gap is 'Difference value − target.';
comment on column mart.indicator_attainment.pace_target is 'Value that is due at the end of as_of_date: by the plan''s milestones, else by the province''s course in an earlier year, else on a straight line to the target. NULL: not judged at year''s end, or no target is known.';
comment on column mart.indicator_attainment.pace_status is 'on_track (attained, or pending with at least pace_target), behind, or none (no pace, or no value to compare); compared unrounded.';
comment on column mart.indicator_attainment.data_date is 'Data date of the newest data used.';
comment on column mart.indicator_attainment.is_stale is 'True: as_of_date is after fresh_until (mart.measure) of the value; for a value rolled up from several agencies, after that of every agency. The value and its status stay.';
comment on column mart.indicator_attainment.quality_flags is 'Flags of the source and of the audit, as codes.';
comment on column mart.indicator_attainment.coverage is 'Share of the expected agencies that reported; NULL where the source reports the province alone.';
comment on column mart.indicator_attainment.run_id is 'Airflow run that last changed the row.';
comment on column mart.indicator_attainment.computed_at is 'Time at which the row last changed.';
create trigger record_inserted after insert on mart.indicator_attainment
referencing new table as changed for each statement execute function ops.record_changed_results('inserted');
create trigger record_updated after update on mart.indicator_attainment
referencing new table as changed for each statement execute function ops.record_changed_results('updated');
create trigger record_deleted after delete on mart.indicator_attainment
referencing old table as changed for each statement execute function ops.record_changed_results('deleted');

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
comment on column mart.task.province_code is 'Province whose plan it is, by the code of its root agency.';
comment on column mart.task.plan_year is 'Year of the plan.';
comment on column mart.task.task_code is 'Task, by its code in the annex: PL.I.1 …';
comment on column mart.task.ordinal is 'Position in the annex.';
comment on column mart.task.group_vi is 'Heading of the annex that the task is under.';
comment on column mart.task.content_vi is 'Exact words of the annex.';
comment on column mart.task.lead_agency_vi is 'Lead agency, in the annex''s words.';
comment on column mart.task.coordinating_agency_vi is 'Coordinating agencies, in the annex''s words.';
comment on column mart.task.approving_level_vi is 'Level that approves, in the annex''s words.';
comment on column mart.task.deadline_vi is 'Deadline, in the annex''s words.';
comment on column mart.task.deadline_kind is 'Kind of deadline: fixed_window, quarter, quarter_range, from_date_open, ongoing …';
comment on column mart.task.starts_on is 'First day of its window; NULL where the annex gives none.';
comment on column mart.task.due_on is 'Last day of its window; NULL: it can be neither overdue nor due soon.';
comment on column mart.task.due_soon_days is 'Days before due_on on which it is due soon.';
comment on column mart.task.indicator_codes is 'Indicators of the plan that the task serves.';

create table mart.task_agency (
    province_code text not null,
    plan_year int not null,
    task_code text not null,
    agency_code text not null,
    valid_from date not null,
    valid_to date,
    primary key (province_code, plan_year, task_code, agency_code, valid_from)
);
comment on table mart.task_agency is 'Agencies that answer for each task: its lead agencies, as they are on the map. The root stands for a lead that isn''t on it.';
comment on column mart.task_agency.province_code is 'Province whose plan it is, by the code of its root agency.';
comment on column mart.task_agency.plan_year is 'Year of the plan.';
comment on column mart.task_agency.task_code is 'Task of the annex.';
comment on column mart.task_agency.agency_code is 'Agency that answers for the task.';
comment on column mart.task_agency.valid_from is 'First day on which it answers for the task.';
comment on column mart.task_agency.valid_to is 'Day after its last; NULL while it answers for the task.';

create table mart.task_status (
    as_of_date date not null,
    plan_year int not null,
    task_code text not null,
    agency_code text not null,
    province_code text not null generated always as (core.province_of(agency_code)) stored,
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
comment on column mart.task_status.as_of_date is 'As-of date: the day that the status describes, at its end.';
comment on column mart.task_status.plan_year is 'Year of the plan.';
comment on column mart.task_status.task_code is 'Task of the annex.';
comment on column mart.task_status.agency_code is 'Agency that answers for it, or that reported it.';
comment on column mart.task_status.province_code is 'Province whose row it is: the first part of the agency''s identifier code.';
comment on column mart.task_status.status is 'not_started, in_progress, done, not_applicable; no_data: nothing reported yet.';
comment on column mart.task_status.due_on is 'Last day of its window; NULL where the annex sets no end.';
comment on column mart.task_status.done_on is 'Day of completion.';
comment on column mart.task_status.is_overdue is 'True: as_of_date is after due_on and the task is not done; never true without due_on.';
comment on column mart.task_status.is_due_soon is 'Its end is near and the task is not done; never true without due_on.';
comment on column mart.task_status.evidence is 'Document that proves the status.';
comment on column mart.task_status.load_id is 'Load of the file that reported it; NULL: none.';
comment on column mart.task_status.run_id is 'Airflow run that last changed the row.';
comment on column mart.task_status.computed_at is 'Time at which the row last changed.';

grant select, insert, update, delete on all tables in schema mart to cchc_loader;
grant select on all tables in schema mart to cchc_analyst;
