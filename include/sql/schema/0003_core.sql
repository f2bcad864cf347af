-- The map (agencies through time) and the portal's statistics.
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
comment on table core.agency_catalog is 'Agencies that people have typed (include/catalog/agencies.csv), every version.';
comment on column core.agency_catalog.agency_code is 'Identifier code, H58.01 …; reused over time: never an identity without valid_from.';
comment on column core.agency_catalog.valid_from is 'First day of this version.';
comment on column core.agency_catalog.valid_to is 'Day after its last; NULL while in force.';
comment on column core.agency_catalog.name_vi is 'Name in this version.';
comment on column core.agency_catalog.level is 'province, department, district, division, commune or public_service_unit.';
comment on column core.agency_catalog.parent_code is 'Identifier code of the agency above.';
comment on column core.agency_catalog.gso_code is 'Code of the administrative unit at the General Statistics Office.';
comment on column core.agency_catalog.is_synthetic_code is 'True: the code is ours, in the official form, until the province gives its own.';
comment on column core.agency_catalog.note is 'Remark of whoever typed it.';

create table core.agency_set_member (
    set_code text not null,
    agency_code text not null,
    valid_from date not null,
    valid_to date,
    primary key (set_code, agency_code, valid_from)
);
comment on table core.agency_set_member is 'Members of the named sets (include/catalog/agency_sets.yaml), by interval.';
comment on column core.agency_set_member.set_code is 'Named set, such as co_quan_chuyen_mon.';
comment on column core.agency_set_member.agency_code is 'Member.';
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
comment on table core.portal_department is 'Departments as the portal named them on each day; what one endpoint leaves out another fills in.';
comment on column core.portal_department.source is 'Source profile.';
comment on column core.portal_department.department_id is 'The portal''s departmentId, the only key common to all its endpoints.';
comment on column core.portal_department.data_date is 'Day described.';
comment on column core.portal_department.department_code is 'departmentCode = identifier code; NULL where no endpoint of the day gave it.';
comment on column core.portal_department.name_vi is 'departmentName.';
comment on column core.portal_department.level is 'The house''s level, from departmentType or level.';
comment on column core.portal_department.is_root is 'True for the province.';
comment on column core.portal_department.parent_id is 'departmentId of the root it was listed under.';
comment on column core.portal_department.load_ids is 'The loads that named it that day, in order of their ids.';

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
comment on table core.portal_statistic is 'The portal''s figures: one row for each day described, period, metric and department.';
comment on column core.portal_statistic.source is 'Source profile.';
comment on column core.portal_statistic.data_date is 'Day described, at its end: local date of (capture time − 2 h), minus one day.';
comment on column core.portal_statistic.period is 'year (cumulative from 1 January) or month (a month just ended).';
comment on column core.portal_statistic.period_start is 'First day of that period.';
comment on column core.portal_statistic.metric is 'The house''s name of the metric (field map of the profile).';
comment on column core.portal_statistic.department_id is 'The portal''s departmentId.';
comment on column core.portal_statistic.entity is 'Endpoint.';
comment on column core.portal_statistic.is_root is 'True for the province''s own figures; children are never summed into them.';
comment on column core.portal_statistic.numerator is 'Count; NULL where the portal gives only a ratio.';
comment on column core.portal_statistic.denominator is 'Count; NULL where the portal gives only a ratio.';
comment on column core.portal_statistic.ratio is 'Percent as the portal printed it, only where its field means numerator ÷ denominator.';
comment on column core.portal_statistic.score is 'Points given by the portal (index 766).';
comment on column core.portal_statistic.max_score is 'Most points to be had.';
comment on column core.portal_statistic.quality_flags is 'Flags of the source and of the audit.';
comment on column core.portal_statistic.load_id is 'The load that brought it.';

grant select, insert, update, delete on all tables in schema core to cchc_loader;
grant select on all tables in schema core to cchc_analyst;
