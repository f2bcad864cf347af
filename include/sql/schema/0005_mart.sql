-- What analysts read.
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
    is_share boolean not null,
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
    primary key (province_code, plan_year, indicator_code, variant, valid_from)
);
comment on table mart.indicator is 'The plan as data (include/catalog/plan_*.yaml): every target with the dates it is in force and its legal basis.';
comment on column mart.indicator.province_code is 'Root agency whose plan it is.';
comment on column mart.indicator.plan_year is 'Year of the plan.';
comment on column mart.indicator.indicator_code is 'Code of the entry, II.1.b-1.';
comment on column mart.indicator.variant is 'primary, or another reading of the same words.';
comment on column mart.indicator.valid_from is 'First day of this version of the target.';
comment on column mart.indicator.valid_to is 'Day after its last; NULL: the last target, which also serves later years without a plan of their own.';
comment on column mart.indicator.ordinal is 'Place in the decision.';
comment on column mart.indicator.clause is 'Clause of the decision.';
comment on column mart.indicator.wording_vi is 'Its exact words.';
comment on column mart.indicator.name_vi is 'Name of the indicator.';
comment on column mart.indicator.short_name_vi is 'Short name for tables.';
comment on column mart.indicator.explanation_vi is 'What a variant reads differently, in Vietnamese.';
comment on column mart.indicator.explanation is 'What a variant reads differently.';
comment on column mart.indicator.unit_vi is 'Unit of value and target.';
comment on column mart.indicator.comparator is '>=, > or =; NULL where the decision sets none here.';
comment on column mart.indicator.target is 'Target; NULL where it is not known.';
comment on column mart.indicator.no_target_reason_vi is 'Why no target is known.';
comment on column mart.indicator.is_aspirational is 'True where the decision says "phấn đấu".';
comment on column mart.indicator.judged is 'as_reported, year_end or yearly_survey.';
comment on column mart.indicator.published_on is 'When a yearly survey is expected.';
comment on column mart.indicator.closes_on is 'Last day on which a figure of the plan''s own year is told; judged year_end: pending before it.';
comment on column mart.indicator.is_share is 'True: value = numerator × 100 ÷ denominator. False: value = numerator.';
comment on column mart.indicator.is_target_reported is 'True: the target is the denominator reported with the figure (a baseline that the decision does not give).';
comment on column mart.indicator.source is 'Source that feeds it; none where nothing does.';
comment on column mart.indicator.metric is 'Measures <metric>.numerator, .denominator, .ratio.';
comment on column mart.indicator.reported_for is 'agencies, or province where the source gives the province alone.';
comment on column mart.indicator.roll_up is 'The province''s figure: own (the source''s own), pooled (the parts summed over the set), share_of_agencies (agencies that said yes ÷ agencies of the set) or agencies_attaining (agencies that attain the primary reading''s target ÷ agencies of the set).';
comment on column mart.indicator.period is 'year_to_date, as_of_day, since_start, budget_year, year or undefined.';
comment on column mart.indicator.set_code is 'Named set of agencies it counts; NULL: none.';
comment on column mart.indicator.set_is_complete is 'False where the list behind the set is a sample.';
comment on column mart.indicator.levels is 'Levels of agencies that have a row.';
comment on column mart.indicator.exclusions_vi is 'What is left out.';
comment on column mart.indicator.lead_agency_vi is 'Who leads, in the decision''s words.';
comment on column mart.indicator.lead_agency_code is 'Who leads, where one agency can be told.';
comment on column mart.indicator.ruling is 'The reading chosen, and why.';
comment on column mart.indicator.other_variants is 'What else the words could mean.';
comment on column mart.indicator.legal_basis_vi is 'The decision.';

create table mart.measure (
    day date not null,
    period text not null check (period in ('ytd', 'month')),
    measure_code text not null,
    agency_code text not null,
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
comment on table mart.measure is 'Values of measures by day; they know no target.';
comment on column mart.measure.day is 'ytd: the day from which the value holds; of an increment, the day of the event. month: the last day of the month.';
comment on column mart.measure.period is 'ytd (from 1 January) or month.';
comment on column mart.measure.measure_code is '<source>.<metric>.<part>, part = numerator, denominator, ratio or rate.';
comment on column mart.measure.agency_code is 'Identifier code; the province is the root.';
comment on column mart.measure.figure_year is 'Year whose figures these are: the budget year in its 13th month, else the year of day.';
comment on column mart.measure.is_increment is 'True: what that day adds; cumulated from 1 January when attained. False: the value itself.';
comment on column mart.measure.value is 'Count, or percent for ratio and rate; unrounded.';
comment on column mart.measure.data_date is 'Day described by the data: for months, of the newest capture.';
comment on column mart.measure.fresh_until is 'Last day on which the value is inside the source''s allowed delay; stale after it.';
comment on column mart.measure.quality_flags is 'Flags of the source, the audit and the comparison of days.';
comment on column mart.measure.load_id is 'The load it comes from.';
comment on column mart.measure.metric is 'measure_code without its part.';

create table mart.indicator_attainment (
    as_of_date date not null,
    plan_year int not null,
    indicator_code text not null,
    variant text not null,
    agency_code text not null,
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
comment on table mart.indicator_attainment is 'The table of the night: every target, every agency, every day.';
comment on column mart.indicator_attainment.as_of_date is 'The day the figures describe, at its end.';
comment on column mart.indicator_attainment.plan_year is 'The plan whose target applies.';
comment on column mart.indicator_attainment.indicator_code is 'Entry of the plan.';
comment on column mart.indicator_attainment.variant is 'primary, or another reading.';
comment on column mart.indicator_attainment.agency_code is 'Identifier code; the province''s row is the root.';
comment on column mart.indicator_attainment.numerator is 'As measured; NULL where the source gives only a ratio.';
comment on column mart.indicator_attainment.denominator is 'As measured; NULL where the source gives only a ratio.';
comment on column mart.indicator_attainment.value is 'Unrounded, in the indicator''s unit (percent: 0–100); NULL without data.';
comment on column mart.indicator_attainment.comparator is '>=, > or =.';
comment on column mart.indicator_attainment.target is 'The target in force on as_of_date.';
comment on column mart.indicator_attainment.status is 'attained, missed, pending, no_data, not_applicable or invalid; compared unrounded.';
comment on column mart.indicator_attainment.gap is 'value − target.';
comment on column mart.indicator_attainment.pace_target is 'What the value should be by this day; not computed yet.';
comment on column mart.indicator_attainment.pace_status is 'on_track, behind or none.';
comment on column mart.indicator_attainment.data_date is 'The newest day of data used.';
comment on column mart.indicator_attainment.is_stale is 'data_date is older than the source''s allowed delay.';
comment on column mart.indicator_attainment.quality_flags is 'Flags of the source and of the audit, as codes.';
comment on column mart.indicator_attainment.coverage is 'Share of the expected reporting agencies that reported; NULL where the source gives the province alone.';
comment on column mart.indicator_attainment.run_id is 'Airflow run that last changed the row.';
comment on column mart.indicator_attainment.computed_at is 'When the row last changed.';

grant select, insert, update, delete on all tables in schema mart to cchc_loader;
grant select on all tables in schema mart to cchc_analyst;
