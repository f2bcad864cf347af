-- Parsed rows of the loads under way, keyed by load, without personal data. Unlogged: a crash empties them, the raw
-- archive fills them again. Comments begin with the field of the source that fills the column.

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
    received_rows bigint not null,
    missing_fields text[],
    missing_unused_fields text[],
    unknown_fields text[],
    primary key (load_id, row_no)
);
comment on table staging.national_portal_response is 'Response of the portal as a whole, one row for each load: for the rules that stop a load.';
comment on column staging.national_portal_response.load_id is 'Load under way that staged the row.';
comment on column staging.national_portal_response.row_no is 'Always 1: one response for each load.';
comment on column staging.national_portal_response.is_utf8 is 'All bytes are UTF-8 that a database can hold.';
comment on column staging.national_portal_response.is_json is 'The body is one whole JSON object.';
comment on column staging.national_portal_response.envelope_code is 'code of the envelope; OK when well.';
comment on column staging.national_portal_response.root_department_id is 'departmentId of overview or parent.';
comment on column staging.national_portal_response.expected_root_department_id is 'rootDepartmentId asked for.';
comment on column staging.national_portal_response.root_department_code is 'departmentCode of the root, where the endpoint gives it.';
comment on column staging.national_portal_response.expected_root_code is 'Province of the installation (CCHC_PROVINCE).';
comment on column staging.national_portal_response.entries_received is 'Number of different departments in the list.';
comment on column staging.national_portal_response.entries_total is 'pagination.total; NULL where the endpoint has none.';
comment on column staging.national_portal_response.repeated_entries is 'List entries whose departmentId came before.';
comment on column staging.national_portal_response.received_rows is 'Rows parsed into staging.national_portal_statistic.';
comment on column staging.national_portal_response.missing_fields is 'Fields and metrics of the contract that something uses and that are missing; NULL if none.';
comment on column staging.national_portal_response.missing_unused_fields is 'Fields and metrics of the contract that nothing uses and that are missing; NULL if none.';
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
comment on column staging.national_portal_statistic.load_id is 'Load under way that staged the row.';
comment on column staging.national_portal_statistic.row_no is 'Number of the row within its load, from 1.';
comment on column staging.national_portal_statistic.pointer is 'Page and JSON pointer of the value.';
comment on column staging.national_portal_statistic.metric is 'Metric, as the field map of the profile names it.';
comment on column staging.national_portal_statistic.is_root is 'True for the province''s own values.';
comment on column staging.national_portal_statistic.is_additive is 'True where children should add up to the root.';
comment on column staging.national_portal_statistic.department_id is 'departmentId: key of the department.';
comment on column staging.national_portal_statistic.department_code is 'departmentCode: identifier code of the department.';
comment on column staging.national_portal_statistic.department_name is 'departmentName: name of the department.';
comment on column staging.national_portal_statistic.department_level is 'Level of the agency, from departmentType or level.';
comment on column staging.national_portal_statistic.numerator is 'Count; NULL where the portal gives only a ratio.';
comment on column staging.national_portal_statistic.denominator is 'Count; NULL where the portal gives only a ratio.';
comment on column staging.national_portal_statistic.ratio is 'Percent, only where the field means numerator ÷ denominator.';
comment on column staging.national_portal_statistic.score is 'Points given by the portal (index 766).';
comment on column staging.national_portal_statistic.max_score is 'Maximum number of points.';
comment on column staging.national_portal_statistic.not_a_number is 'Fields whose content is no number, with that content; NULL if none.';
comment on column staging.national_portal_statistic.source_flags is 'dataQualityStatus and unknown_field; NULL if none.';

create unlogged table staging.eoffice_response (
    load_id uuid not null,
    row_no bigint not null,
    parse_failure text,
    parse_failure_detail text,
    envelope_code text,
    received_rows bigint not null,
    rows_total bigint,
    repeated_rows bigint not null,
    missing_fields text[],
    unknown_fields text[],
    asked_from date,
    asked_to date,
    province_code text,
    primary key (load_id, row_no)
);
comment on table staging.eoffice_response is 'Answer of the e-office as a whole, one row for each load: for the rules that stop a load.';
comment on column staging.eoffice_response.load_id is 'Load under way that staged the row.';
comment on column staging.eoffice_response.row_no is 'Always 1: one response for each load.';
comment on column staging.eoffice_response.parse_failure is 'Rule that names why the bytes can not be parsed into rows; NULL when they can.';
comment on column staging.eoffice_response.parse_failure_detail is 'The same in plain words: sheet, cell, size.';
comment on column staging.eoffice_response.envelope_code is 'error_code of the envelope, 0 when well; NULL for files.';
comment on column staging.eoffice_response.received_rows is 'Rows parsed into staging.';
comment on column staging.eoffice_response.rows_total is 'TotalCount; NULL for files.';
comment on column staging.eoffice_response.repeated_rows is 'Rows whose key came before in the same answer.';
comment on column staging.eoffice_response.missing_fields is 'Fields of the contract that are missing; NULL if none.';
comment on column staging.eoffice_response.unknown_fields is 'Fields outside the contract; NULL if none.';
comment on column staging.eoffice_response.asked_from is 'First day asked for; its year is the budget year asked of the treasury. NULL for inbox files.';
comment on column staging.eoffice_response.asked_to is 'Last day asked for; for the treasury the closing day, for inbox files the data date of the run.';
comment on column staging.eoffice_response.province_code is 'Province of the installation (CCHC_PROVINCE).';

create unlogged table staging.eoffice_unit_day (
    load_id uuid not null,
    row_no bigint not null,
    pointer text not null,
    agency_code text,
    agency_name text,
    day date,
    received numeric,
    received_electronic numeric,
    received_digitised numeric,
    sent numeric,
    sent_without_paper numeric,
    sent_with_paper numeric,
    sent_on_paper numeric,
    secret numeric,
    processed_online numeric,
    work_files numeric,
    work_files_online numeric,
    not_read text[],
    coerced text[],
    source_flags text[],
    primary key (load_id, row_no)
);
comment on table staging.eoffice_unit_day is 'One row for each unit and day of the e-office.';
comment on column staging.eoffice_unit_day.load_id is 'Load under way that staged the row.';
comment on column staging.eoffice_unit_day.row_no is 'Number of the row within its load, from 1.';
comment on column staging.eoffice_unit_day.pointer is 'Page and place in the answer, or sheet and row of the file.';
comment on column staging.eoffice_unit_day.agency_code is 'MaDinhDanh: identifier code of the unit.';
comment on column staging.eoffice_unit_day.agency_name is 'TenDonVi: name of the unit.';
comment on column staging.eoffice_unit_day.day is 'Ngay: day whose documents are counted.';
comment on column staging.eoffice_unit_day.received is 'VanBanDen: documents received.';
comment on column staging.eoffice_unit_day.received_electronic is 'VanBanDenDienTu: documents received electronically.';
comment on column staging.eoffice_unit_day.received_digitised is 'VanBanDenSoHoa: documents received and digitised.';
comment on column staging.eoffice_unit_day.sent is 'VanBanDi: documents sent.';
comment on column staging.eoffice_unit_day.sent_without_paper is 'VanBanDiDienTuKhongKemGiay: sent electronically without paper.';
comment on column staging.eoffice_unit_day.sent_with_paper is 'VanBanDiDienTuKemGiay: sent electronically with a paper copy.';
comment on column staging.eoffice_unit_day.sent_on_paper is 'VanBanDiGiay: sent on paper only.';
comment on column staging.eoffice_unit_day.secret is 'VanBanMat: secret documents, counted in no other column.';
comment on column staging.eoffice_unit_day.processed_online is 'VanBanXuLyTrenMang: documents processed in the e-office.';
comment on column staging.eoffice_unit_day.work_files is 'HoSoCongViec: number of work files.';
comment on column staging.eoffice_unit_day.work_files_online is 'HoSoCongViecXuLyTrenMang: work files processed in the e-office.';
comment on column staging.eoffice_unit_day.not_read is 'Fields whose content has the wrong type, with that content; NULL if none.';
comment on column staging.eoffice_unit_day.coerced is 'Fields that were parsed with a coercion, with their content; NULL if none.';
comment on column staging.eoffice_unit_day.source_flags is 'unknown_field; NULL if none.';

create unlogged table staging.treasury_response (
    load_id uuid not null,
    row_no bigint not null,
    parse_failure text,
    parse_failure_detail text,
    envelope_code text,
    received_rows bigint not null,
    rows_total bigint,
    repeated_rows bigint not null,
    missing_fields text[],
    unknown_fields text[],
    asked_from date,
    asked_to date,
    province_code text,
    delimiter text,
    primary key (load_id, row_no)
);
comment on table staging.treasury_response is 'Answer or file of the treasury as a whole, one row for each load: for the rules that stop a load.';
comment on column staging.treasury_response.load_id is 'Load under way that staged the row.';
comment on column staging.treasury_response.row_no is 'Always 1: one response for each load.';
comment on column staging.treasury_response.parse_failure is 'Rule that names why the bytes can not be parsed into rows; NULL when they can.';
comment on column staging.treasury_response.parse_failure_detail is 'The same in plain words: sheet, cell, size.';
comment on column staging.treasury_response.envelope_code is 'error_code of the envelope, 0 when well; NULL for files.';
comment on column staging.treasury_response.received_rows is 'Rows parsed into staging.';
comment on column staging.treasury_response.rows_total is 'TotalCount; NULL for files.';
comment on column staging.treasury_response.repeated_rows is 'Rows whose key came before in the same answer.';
comment on column staging.treasury_response.missing_fields is 'Fields of the contract that are missing; NULL if none.';
comment on column staging.treasury_response.unknown_fields is 'Fields outside the contract; NULL if none.';
comment on column staging.treasury_response.asked_from is 'First day asked for; its year is the budget year asked of the treasury. NULL for inbox files.';
comment on column staging.treasury_response.asked_to is 'Last day asked for; for the treasury the closing day, for inbox files the data date of the run.';
comment on column staging.treasury_response.province_code is 'Province of the installation (CCHC_PROVINCE).';
comment on column staging.treasury_response.delimiter is 'Delimiter of a text file: a comma, a semicolon or a tab; NULL for workbooks and the API.';

create unlogged table staging.treasury_row (
    load_id uuid not null,
    row_no bigint not null,
    pointer text not null,
    budget_year int,
    closed_on date,
    project_code text,
    project_name text,
    investor_code text,
    investor_name text,
    fund_code text,
    plan_kind text,
    decision_no text,
    effective_on date,
    plan numeric,
    carried_over numeric,
    completed numeric,
    advance numeric,
    unit_vnd numeric,
    not_read text[],
    coerced text[],
    source_flags text[],
    cells jsonb,
    field_count int,
    unseen text[],
    percent text[],
    ambiguous_numbers text[],
    plan_vnd numeric generated always as (plan * unit_vnd) stored,
    carried_over_vnd numeric generated always as (carried_over * unit_vnd) stored,
    completed_vnd numeric generated always as (completed * unit_vnd) stored,
    advance_vnd numeric generated always as (advance * unit_vnd) stored,
    primary key (load_id, row_no)
);
comment on table staging.treasury_row is 'One row for each project, fund and kind of plan of a closing day, from the API or a file.';
comment on column staging.treasury_row.load_id is 'Load under way that staged the row.';
comment on column staging.treasury_row.row_no is 'Number of the row within its load, from 1.';
comment on column staging.treasury_row.pointer is 'Page and place in the answer, or sheet and row of the file.';
comment on column staging.treasury_row.budget_year is 'NienDo: the budget year.';
comment on column staging.treasury_row.closed_on is 'NgayKetSo: closing day.';
comment on column staging.treasury_row.project_code is 'MaDuAn, 7 digits.';
comment on column staging.treasury_row.project_name is 'TenDuAn: name of the project.';
comment on column staging.treasury_row.investor_code is 'MaChuDauTu: code of the investor.';
comment on column staging.treasury_row.investor_name is 'TenChuDauTu: name of the investor.';
comment on column staging.treasury_row.fund_code is 'MaNguonVon: source of funds.';
comment on column staging.treasury_row.plan_kind is 'LoaiKeHoach: TTG or HDND.';
comment on column staging.treasury_row.decision_no is 'SoQuyetDinh: decision that assigned the plan.';
comment on column staging.treasury_row.effective_on is 'NgayHieuLuc: first day on which the version of the plan is in force.';
comment on column staging.treasury_row.plan is 'KeHoachVon, in the unit as received.';
comment on column staging.treasury_row.carried_over is 'KeHoachKeoDai, in the unit as received.';
comment on column staging.treasury_row.completed is 'ThanhToanKLHT, in the unit as received.';
comment on column staging.treasury_row.advance is 'TamUngChuaThuHoi, in the unit as received.';
comment on column staging.treasury_row.unit_vnd is 'DonViTien: đồng for one unit (1, 10^6 or 10^9).';
comment on column staging.treasury_row.not_read is 'Fields whose content has the wrong type, with that content; NULL if none.';
comment on column staging.treasury_row.coerced is 'Fields that were parsed with a coercion, with their content; NULL if none.';
comment on column staging.treasury_row.source_flags is 'unknown_field; NULL if none.';
comment on column staging.treasury_row.cells is 'Heading → cell of the file (sheet and address) and what it shows; NULL for rows of an API.';
comment on column staging.treasury_row.field_count is 'Number of fields of a row whose number differs from that of the headings: nothing of such a row is parsed. Else NULL.';
comment on column staging.treasury_row.unseen is 'Headings of cells that show another value than the file holds (hidden, merged, or by their format): their values are not parsed. NULL if none.';
comment on column staging.treasury_row.percent is 'Headings of numbers with a percent sign; the value is the number before it. NULL if none.';
comment on column staging.treasury_row.ambiguous_numbers is 'Numbers whose single separator may group thousands or begin decimals, as shown; the value follows the Vietnamese convention. NULL if none.';
comment on column staging.treasury_row.plan_vnd is 'KeHoachVon in đồng.';
comment on column staging.treasury_row.carried_over_vnd is 'KeHoachKeoDai in đồng.';
comment on column staging.treasury_row.completed_vnd is 'ThanhToanKLHT in đồng.';
comment on column staging.treasury_row.advance_vnd is 'TamUngChuaThuHoi in đồng.';

create unlogged table staging.returns_response (
    load_id uuid not null,
    row_no bigint not null,
    parse_failure text,
    parse_failure_detail text,
    envelope_code text,
    received_rows bigint not null,
    rows_total bigint,
    repeated_rows bigint not null,
    missing_fields text[],
    unknown_fields text[],
    asked_from date,
    asked_to date,
    province_code text,
    delimiter text,
    primary key (load_id, row_no)
);
comment on table staging.returns_response is 'File of the inbox as a whole, one row for each load: for the rules that stop a load.';
comment on column staging.returns_response.load_id is 'Load under way that staged the row.';
comment on column staging.returns_response.row_no is 'Always 1: one file for each load.';
comment on column staging.returns_response.parse_failure is 'Rule that names why the bytes can not be parsed into rows; NULL when they can.';
comment on column staging.returns_response.parse_failure_detail is 'The same in plain words: sheet, cell, size.';
comment on column staging.returns_response.envelope_code is 'error_code of the envelope, 0 when well; NULL for files.';
comment on column staging.returns_response.received_rows is 'Rows parsed into staging.';
comment on column staging.returns_response.rows_total is 'TotalCount; NULL for files.';
comment on column staging.returns_response.repeated_rows is 'Rows whose key came before in the same answer.';
comment on column staging.returns_response.missing_fields is 'Fields of the contract that are missing; NULL if none.';
comment on column staging.returns_response.unknown_fields is 'Fields outside the contract; NULL if none.';
comment on column staging.returns_response.asked_from is 'First day asked for; its year is the budget year asked of the treasury. NULL for inbox files.';
comment on column staging.returns_response.asked_to is 'Last day asked for; for the treasury the closing day, for inbox files the data date of the run.';
comment on column staging.returns_response.province_code is 'Province of the installation (CCHC_PROVINCE).';
comment on column staging.returns_response.delimiter is 'Delimiter of a text file: a comma, a semicolon or a tab; NULL for workbooks and the API.';

create unlogged table staging.returns_row (
    load_id uuid not null,
    row_no bigint not null,
    pointer text not null,
    sheet text not null,
    code text,
    agency_code text,
    period text,
    period_start date,
    period_end date,
    numerator numeric,
    denominator numeric,
    status text,
    done_on date,
    evidence text,
    note text,
    not_read text[],
    coerced text[],
    source_flags text[],
    cells jsonb,
    field_count int,
    unseen text[],
    percent text[],
    ambiguous_numbers text[],
    primary key (load_id, row_no)
);
comment on table staging.returns_row is 'One row of an inbox file: a value (sheet ChiTieu) or the status of a task (sheet NhiemVu).';
comment on column staging.returns_row.load_id is 'Load under way that staged the row.';
comment on column staging.returns_row.row_no is 'Number of the row within its load, from 1.';
comment on column staging.returns_row.pointer is 'Page and place in the answer, or sheet and row of the file.';
comment on column staging.returns_row.sheet is 'ChiTieu or NhiemVu.';
comment on column staging.returns_row.code is 'Mã chỉ tiêu or Mã nhiệm vụ: code of the indicator or task.';
comment on column staging.returns_row.agency_code is 'Mã đơn vị: identifier code of the agency.';
comment on column staging.returns_row.period is 'Kỳ báo cáo: 2024-Q1, 2024-06 or 2024.';
comment on column staging.returns_row.period_start is 'First day of that period.';
comment on column staging.returns_row.period_end is 'Last day of that period; the values are cumulative from 1 January to it.';
comment on column staging.returns_row.numerator is 'Tử số: the numerator as reported.';
comment on column staging.returns_row.denominator is 'Mẫu số: the denominator as reported.';
comment on column staging.returns_row.status is 'Trạng thái as not_started, in_progress, done or not_applicable.';
comment on column staging.returns_row.done_on is 'Ngày hoàn thành: day of completion.';
comment on column staging.returns_row.evidence is 'Văn bản minh chứng: document that proves it.';
comment on column staging.returns_row.note is 'Ghi chú: remark of the sender.';
comment on column staging.returns_row.not_read is 'Fields whose content has the wrong type, with that content; NULL if none.';
comment on column staging.returns_row.coerced is 'Fields that were parsed with a coercion, with their content; NULL if none.';
comment on column staging.returns_row.source_flags is 'unknown_field; NULL if none.';
comment on column staging.returns_row.cells is 'Heading → cell of the file (sheet and address) and what it shows; NULL for rows of an API.';
comment on column staging.returns_row.field_count is 'Number of fields of a row whose number differs from that of the headings: nothing of such a row is parsed. Else NULL.';
comment on column staging.returns_row.unseen is 'Headings of cells that show another value than the file holds (hidden, merged, or by their format): their values are not parsed. NULL if none.';
comment on column staging.returns_row.percent is 'Headings of numbers with a percent sign; the value is the number before it. NULL if none.';
comment on column staging.returns_row.ambiguous_numbers is 'Numbers whose single separator may group thousands or begin decimals, as shown; the value follows the Vietnamese convention. NULL if none.';

create unlogged table staging.rule_violation (
    load_id uuid not null,
    row_no bigint not null,
    rule_id text not null,
    severity text not null,
    primary key (load_id, row_no, rule_id)
);
comment on table staging.rule_violation is 'Rule violations: the rules that each staged row breaks. Row 0 marks that the audit of the load is done.';
comment on column staging.rule_violation.load_id is 'Load under way that staged the row.';
comment on column staging.rule_violation.row_no is 'Number of the staged row; 0 for the load as a whole.';
comment on column staging.rule_violation.rule_id is 'Rule that the row breaks, or audited.';
comment on column staging.rule_violation.severity is 'critical, warning or info.';

grant select, insert, update, delete on all tables in schema staging to cchc_loader;
