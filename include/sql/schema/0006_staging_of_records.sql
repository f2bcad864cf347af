-- Sources of records: e-office, treasury, and the files of the inbox (returns).
-- staging.<source>_response: one row for each load, the answer or file as a whole, for the rules that stop a load.
create unlogged table staging.eoffice_response (
    load_id uuid not null,
    row_no bigint not null,
    refusal text,
    refusal_detail text,
    envelope_code text,
    rows_received bigint not null,
    rows_total bigint,
    repeated_rows bigint not null,
    missing_fields text[],
    unknown_fields text[],
    asked_from date,
    asked_to date,
    province_code text,
    primary key (load_id, row_no)
);
create unlogged table staging.treasury_response (like staging.eoffice_response including all);
create unlogged table staging.returns_response (like staging.eoffice_response including all);
do $$
declare
    target text;
begin
    foreach target in array array['eoffice', 'treasury', 'returns'] loop
        target := format('staging.%I', target || '_response');
        execute format('comment on table %s is %L', target, 'One row for each load: the answer or file as a whole, for the rules that stop a load.');
        execute format('comment on column %s.load_id is %L', target, 'The load.');
        execute format('comment on column %s.row_no is %L', target, 'Always 1.');
        execute format('comment on column %s.refusal is %L', target, 'Why the bytes could not be read as rows, as a rule; NULL when they were.');
        execute format('comment on column %s.refusal_detail is %L', target, 'The same for people: sheet, cell, size.');
        execute format('comment on column %s.envelope_code is %L', target, 'error_code of the envelope, 0 when well; NULL for files.');
        execute format('comment on column %s.rows_received is %L', target, 'Rows read into staging.');
        execute format('comment on column %s.rows_total is %L', target, 'TotalCount; NULL for files.');
        execute format('comment on column %s.repeated_rows is %L', target, 'Rows whose key came before in the same answer.');
        execute format('comment on column %s.missing_fields is %L', target, 'Fields of the contract that are gone; NULL if none.');
        execute format('comment on column %s.unknown_fields is %L', target, 'Fields outside the contract; NULL if none.');
        execute format('comment on column %s.asked_from is %L', target, 'First day asked for; its year is the budget year asked of the treasury. NULL for files, which come unasked.');
        execute format('comment on column %s.asked_to is %L', target, 'Last day asked for, of the treasury the closing day; for files the day of the night that took them.');
        execute format('comment on column %s.province_code is %L', target, 'Root agency of the installation that loads it (CCHC_PROVINCE).');
    end loop;
end
$$;

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
comment on column staging.eoffice_unit_day.agency_code is 'MaDinhDanh.';
comment on column staging.eoffice_unit_day.agency_name is 'TenDonVi.';
comment on column staging.eoffice_unit_day.day is 'Ngay.';
comment on column staging.eoffice_unit_day.received is 'VanBanDen: documents received.';
comment on column staging.eoffice_unit_day.received_electronic is 'VanBanDenDienTu.';
comment on column staging.eoffice_unit_day.received_digitised is 'VanBanDenSoHoa.';
comment on column staging.eoffice_unit_day.sent is 'VanBanDi: documents sent.';
comment on column staging.eoffice_unit_day.sent_without_paper is 'VanBanDiDienTuKhongKemGiay.';
comment on column staging.eoffice_unit_day.sent_with_paper is 'VanBanDiDienTuKemGiay: electronic, with a paper copy.';
comment on column staging.eoffice_unit_day.sent_on_paper is 'VanBanDiGiay.';
comment on column staging.eoffice_unit_day.secret is 'VanBanMat: secret documents, counted in no other column.';
comment on column staging.eoffice_unit_day.processed_online is 'VanBanXuLyTrenMang.';
comment on column staging.eoffice_unit_day.work_files is 'HoSoCongViec.';
comment on column staging.eoffice_unit_day.work_files_online is 'HoSoCongViecXuLyTrenMang.';

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
    plan_vnd numeric generated always as (plan * unit_vnd) stored,
    carried_over_vnd numeric generated always as (carried_over * unit_vnd) stored,
    completed_vnd numeric generated always as (completed * unit_vnd) stored,
    advance_vnd numeric generated always as (advance * unit_vnd) stored,
    primary key (load_id, row_no)
);
comment on table staging.treasury_row is 'One row for each project, fund and kind of plan of a closing day, from the API or a file.';
comment on column staging.treasury_row.budget_year is 'NienDo.';
comment on column staging.treasury_row.closed_on is 'NgayKetSo: closing day.';
comment on column staging.treasury_row.project_code is 'MaDuAn, 7 digits.';
comment on column staging.treasury_row.project_name is 'TenDuAn.';
comment on column staging.treasury_row.investor_code is 'MaChuDauTu.';
comment on column staging.treasury_row.investor_name is 'TenChuDauTu.';
comment on column staging.treasury_row.fund_code is 'MaNguonVon.';
comment on column staging.treasury_row.plan_kind is 'LoaiKeHoach: TTG or HDND.';
comment on column staging.treasury_row.decision_no is 'SoQuyetDinh.';
comment on column staging.treasury_row.effective_on is 'NgayHieuLuc.';
comment on column staging.treasury_row.plan is 'KeHoachVon, in the unit as received.';
comment on column staging.treasury_row.carried_over is 'KeHoachKeoDai, in the unit as received.';
comment on column staging.treasury_row.completed is 'ThanhToanKLHT, in the unit as received.';
comment on column staging.treasury_row.advance is 'TamUngChuaThuHoi, in the unit as received.';
comment on column staging.treasury_row.unit_vnd is 'DonViTien: đồng for one unit (1, 10^6 or 10^9).';
comment on column staging.treasury_row.plan_vnd is 'KeHoachVon in đồng.';
comment on column staging.treasury_row.carried_over_vnd is 'KeHoachKeoDai in đồng.';
comment on column staging.treasury_row.completed_vnd is 'ThanhToanKLHT in đồng.';
comment on column staging.treasury_row.advance_vnd is 'TamUngChuaThuHoi in đồng.';

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
    primary key (load_id, row_no)
);
comment on table staging.returns_row is 'One row of a file from the inbox: a figure (sheet ChiTieu) or the status of a task (NhiemVu).';
comment on column staging.returns_row.sheet is 'ChiTieu or NhiemVu.';
comment on column staging.returns_row.code is 'Mã chỉ tiêu or Mã nhiệm vụ.';
comment on column staging.returns_row.agency_code is 'Mã đơn vị.';
comment on column staging.returns_row.period is 'Kỳ báo cáo: 2024-Q1, 2024-06 or 2024.';
comment on column staging.returns_row.period_start is 'First day of that period.';
comment on column staging.returns_row.period_end is 'Last day of that period; the figures are cumulative from 1 January to it.';
comment on column staging.returns_row.numerator is 'Tử số.';
comment on column staging.returns_row.denominator is 'Mẫu số.';
comment on column staging.returns_row.status is 'Trạng thái as not_started, in_progress, done or not_applicable.';
comment on column staging.returns_row.done_on is 'Ngày hoàn thành.';
comment on column staging.returns_row.evidence is 'Văn bản minh chứng.';
comment on column staging.returns_row.note is 'Ghi chú.';
do $$
declare
    target text;
begin
    foreach target in array array['staging.eoffice_unit_day', 'staging.treasury_row', 'staging.returns_row'] loop
        execute format('comment on column %s.load_id is %L', target, 'The load.');
        execute format('comment on column %s.row_no is %L', target, 'Number within the load.');
        execute format('comment on column %s.pointer is %L', target, 'Page and place in the answer, or sheet and row of the file.');
        execute format('comment on column %s.not_read is %L', target, 'Fields that hold something else than they should, with what they hold; NULL if none.');
        execute format('comment on column %s.coerced is %L', target, 'Fields that were read with a coercion, with what they held; NULL if none.');
        execute format('comment on column %s.source_flags is %L', target, 'unknown_field; NULL if none.');
    end loop;
end
$$;
grant select, insert, update, delete on all tables in schema staging to cchc_loader;
