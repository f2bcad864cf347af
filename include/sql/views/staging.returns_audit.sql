-- The loads that the session names in cchc.load_ids, for Great Expectations. Each row has the catalog's entry of its
-- day beside it: the day is the end of its period, for a status the day of the report.
-- Columns as of schema/0006_staging.sql (staging.national_portal_audit.sql explains why).
create or replace view staging.returns_response_audit as
select * from staging.returns_response
where load_id = any(string_to_array(current_setting('cchc.load_ids'), ',')::uuid[]);
comment on view staging.returns_response_audit is 'Files of the loads that the session names.';

create or replace view staging.returns_row_audit as
select
    s.*,
    r.asked_to as reported_on,
    i.is_share,
    i.roll_up,
    i.counts,
    s.agency_code = r.province_code as is_province,
    case when s.sheet = 'ChiTieu' then p.plan_year else coalesce(d.plan_year, t.plan_year) end as plan_year,
    i.indicator_code is not null as is_indicator,
    s.agency_code = r.province_code or a.agency_code is not null as is_agency,
    s.agency_code = r.province_code
    or case when i.set_code is null then a.level = any(i.levels) else m.agency_code is not null end as is_in_population,
    array(select split_part(u.cell, ':', 1) from unnest(s.not_read) as u (cell)) as unread,
    -- Where whole things are counted, one writer means 1234 by 1,234, and for another it is no count. Amounts and rates
    -- follow the Vietnamese convention, except in a file whose delimiter is a comma: its writer may follow another one.
    array(
        select split_part(u.cell, ':', 1) from unnest(s.ambiguous_numbers) as u (cell)
        where case i.counts when 'whole' then split_part(u.cell, ':', 2) like '%,%' else r.delimiter = ',' end
    ) as ambiguous,
    count(*) over (partition by s.load_id, s.sheet, s.code, s.agency_code, s.period_end) as times_reported
from staging.returns_row as s
inner join staging.returns_response as r on s.load_id = r.load_id
-- A day without a plan of its own year uses the newest earlier one.
left join lateral (
    select max(n.plan_year) as plan_year
    from mart.indicator as n
    where n.province_code = r.province_code and n.plan_year <= extract(year from s.period_end)
) as p on true
left join mart.indicator as i
    on
        s.sheet = 'ChiTieu'
        and r.province_code = i.province_code
        and p.plan_year = i.plan_year
        and s.code = i.indicator_code
        and i.variant = 'primary'
        and i.source = 'returns'
        and s.period_end >= i.valid_from
        and (i.valid_to is null or s.period_end < i.valid_to)
left join mart.task as t
    on
        s.sheet = 'NhiemVu'
        and r.province_code = t.province_code
        and s.code = t.task_code
        and extract(year from r.asked_to) = t.plan_year
-- A completion of last year may be reported this year.
left join mart.task as d
    on
        s.sheet = 'NhiemVu'
        and r.province_code = d.province_code
        and s.code = d.task_code
        and extract(year from s.done_on) = d.plan_year
cross join lateral (
    select case when s.sheet = 'ChiTieu' then s.period_end else r.asked_to end as day
) as effective
left join core.agency as a
    on
        s.agency_code = a.agency_code
        and effective.day >= a.valid_from
        and (a.valid_to is null or effective.day < a.valid_to)
left join core.agency_set_member as m
    on
        i.set_code = m.set_code
        and s.agency_code = m.agency_code
        and effective.day >= m.valid_from
        and (m.valid_to is null or effective.day < m.valid_to)
where s.load_id = any(string_to_array(current_setting('cchc.load_ids'), ',')::uuid[]);
comment on view staging.returns_row_audit is 'Rows of the loads that the session names, with the catalog''s data on each.';
comment on column staging.returns_row_audit.reported_on is 'Data date of the run that first saw the file.';
comment on column staging.returns_row_audit.is_province is 'True: the row is the province''s own.';
comment on column staging.returns_row_audit.plan_year is 'Plan of the row: of the year of its period; for a task, of the year of its completion, else of the year of the report. NULL: no such plan.';
comment on column staging.returns_row_audit.is_indicator is 'True: the code is an indicator fed by returns, in force at the end of the period.';
comment on column staging.returns_row_audit.is_share is 'True: the indicator is a share.';
comment on column staging.returns_row_audit.roll_up is 'Way to the province''s value, as in mart.indicator.';
comment on column staging.returns_row_audit.counts is 'Kind of numerator and denominator: whole things, an amount, or a rate.';
comment on column staging.returns_row_audit.ambiguous is 'Headings of numbers that can be read in two ways, where neither the indicator nor the file decides.';
comment on column staging.returns_row_audit.is_agency is 'True: the agency is on the map at the end of the period; for a task, on the day of the report.';
comment on column staging.returns_row_audit.is_in_population is 'True: the indicator counts the agency, or it is the province.';
comment on column staging.returns_row_audit.unread is 'Headings of the row''s cells that could not be parsed.';
comment on column staging.returns_row_audit.times_reported is 'Number of rows of the file for the same indicator or task, agency and end of period.';
-- A column means here the same as in the table.
select ops.copy_comments('staging.returns_response_audit', 'staging.returns_response');
select ops.copy_comments('staging.returns_row_audit', 'staging.returns_row');

grant select on staging.returns_response_audit, staging.returns_row_audit to cchc_loader;
