-- Staging of the portal protocol.
create unlogged table staging.national_portal_response (
    load_id uuid not null,
    row_no bigint not null,
    is_utf8 boolean not null,
    is_json boolean not null,
    envelope_code text,
    root_department_id text,
    expected_root_department_id text not null,
    root_department_code text,
    expected_root_code text not null,
    entries_received bigint,
    entries_total bigint,
    repeated_entries bigint,
    figures bigint not null,
    missing_fields text[],
    unknown_fields text[],
    primary key (load_id, row_no)
);
comment on table staging.national_portal_response is 'One row for each load: the response as a whole, for the rules that stop a load.';
comment on column staging.national_portal_response.load_id is 'The load.';
comment on column staging.national_portal_response.row_no is 'Always 1.';
comment on column staging.national_portal_response.is_utf8 is 'All bytes are UTF-8 that a database can hold.';
comment on column staging.national_portal_response.is_json is 'The body is one whole JSON object.';
comment on column staging.national_portal_response.envelope_code is 'code of the envelope, OK when well.';
comment on column staging.national_portal_response.root_department_id is 'departmentId of overview or parent.';
comment on column staging.national_portal_response.expected_root_department_id is 'rootDepartmentId asked for.';
comment on column staging.national_portal_response.root_department_code is 'departmentCode of the root, where the endpoint gives it.';
comment on column staging.national_portal_response.expected_root_code is 'CCHC_PROVINCE.';
comment on column staging.national_portal_response.entries_received is 'Different departments in the list.';
comment on column staging.national_portal_response.entries_total is 'pagination.total; NULL where the endpoint has none.';
comment on column staging.national_portal_response.repeated_entries is 'Entries whose departmentId came before.';
comment on column staging.national_portal_response.figures is 'Rows read from it into staging.national_portal_statistic.';
comment on column staging.national_portal_response.missing_fields is 'Fields of the contract that are gone; NULL if none.';
comment on column staging.national_portal_response.unknown_fields is 'Fields outside the contract; NULL if none.';

create unlogged table staging.national_portal_statistic (
    load_id uuid not null,
    row_no bigint not null,
    pointer text not null,
    metric text not null,
    is_root boolean not null,
    is_additive boolean not null,
    department_id text,
    department_code text,
    department_name text,
    department_level text,
    numerator numeric,
    denominator numeric,
    ratio numeric,
    score numeric,
    max_score numeric,
    not_a_number text[],
    source_flags text[],
    primary key (load_id, row_no)
);
comment on table staging.national_portal_statistic is 'One row for each department and metric of a response.';
comment on column staging.national_portal_statistic.load_id is 'The load.';
comment on column staging.national_portal_statistic.row_no is 'Number within the load.';
comment on column staging.national_portal_statistic.pointer is 'Page and place in the JSON it was read from.';
comment on column staging.national_portal_statistic.metric is 'The house''s name of the metric.';
comment on column staging.national_portal_statistic.is_root is 'True for the province''s own figures.';
comment on column staging.national_portal_statistic.is_additive is 'True where children should add up to the root.';
comment on column staging.national_portal_statistic.department_id is 'departmentId.';
comment on column staging.national_portal_statistic.department_code is 'departmentCode.';
comment on column staging.national_portal_statistic.department_name is 'departmentName.';
comment on column staging.national_portal_statistic.department_level is 'The house''s level.';
comment on column staging.national_portal_statistic.numerator is 'Count.';
comment on column staging.national_portal_statistic.denominator is 'Count.';
comment on column staging.national_portal_statistic.ratio is 'Percent, only where the field means numerator ÷ denominator.';
comment on column staging.national_portal_statistic.score is 'Points.';
comment on column staging.national_portal_statistic.max_score is 'Most points.';
comment on column staging.national_portal_statistic.not_a_number is 'Fields that hold something else than a number, with what they hold; NULL if none.';
comment on column staging.national_portal_statistic.source_flags is 'dataQualityStatus and unknown_field; NULL if none.';

create unlogged table staging.rule_violation (
    load_id uuid not null,
    row_no bigint not null,
    rule_id text not null,
    severity text not null,
    primary key (load_id, row_no, rule_id)
);
comment on table staging.rule_violation is 'Which staged row broke which rule; row 0 stands for the audit itself, being done.';
comment on column staging.rule_violation.load_id is 'The load.';
comment on column staging.rule_violation.row_no is 'Row of the staged entity; 0 for the whole load.';
comment on column staging.rule_violation.rule_id is 'Rule broken, or audited.';
comment on column staging.rule_violation.severity is 'critical, warning or info.';

grant select, insert, update, delete on all tables in schema staging to cchc_loader;
