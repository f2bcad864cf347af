-- The loads that the session names in cchc.load_ids, as staging.national_portal_audit.sql says; with each row, what the
-- catalog says of it on its day: the end of its period, or the day on which a status is told.
create or replace view staging.returns_response_audit as
select * from staging.returns_response
where load_id = any(string_to_array(current_setting('cchc.load_ids'), ',')::uuid[]);
comment on view staging.returns_response_audit is 'The file of the loads that the session names.';

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
    -- 1,234 of whole things is 1234 for one writer and no count for the other. Of amounts and rates the Vietnamese
    -- reading holds, but in a file that commas divide into columns its writer may be neither.
    array(
        select split_part(u.cell, ':', 1) from unnest(s.ambiguous_numbers) as u (cell)
        where case i.counts when 'whole' then split_part(u.cell, ':', 2) like '%,%' else r.delimiter = ',' end
    ) as ambiguous,
    count(*) over (partition by s.load_id, s.sheet, s.code, s.agency_code, s.period_end) as times_told
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
-- A completion of last year may be told this year.
left join mart.task as d
    on
        s.sheet = 'NhiemVu'
        and r.province_code = d.province_code
        and s.code = d.task_code
        and extract(year from s.done_on) = d.plan_year
cross join lateral (
    select case when s.sheet = 'ChiTieu' then s.period_end else r.asked_to end as day
) as judged
left join core.agency as a
    on
        s.agency_code = a.agency_code
        and judged.day >= a.valid_from
        and (a.valid_to is null or judged.day < a.valid_to)
left join core.agency_set_member as m
    on
        i.set_code = m.set_code
        and s.agency_code = m.agency_code
        and judged.day >= m.valid_from
        and (m.valid_to is null or judged.day < m.valid_to)
where s.load_id = any(string_to_array(current_setting('cchc.load_ids'), ',')::uuid[]);
comment on view staging.returns_row_audit is 'The rows of the loads that the session names, and what the catalog says of each.';
comment on column staging.returns_row_audit.reported_on is 'Day of the night that first saw the file.';
comment on column staging.returns_row_audit.is_province is 'The row is the province''s own.';
comment on column staging.returns_row_audit.plan_year is 'Plan in which the row is looked up, of the year of its period; of a task, of the year of its completion, else of the year in which it is told. NULL: no such plan.';
comment on column staging.returns_row_audit.is_indicator is 'The code is an entry fed by returns, in force at the end of the period.';
comment on column staging.returns_row_audit.is_share is 'The entry is a share.';
comment on column staging.returns_row_audit.roll_up is 'How the entry''s figure of the province comes about.';
comment on column staging.returns_row_audit.counts is 'What the entry counts: whole things, an amount, or a rate.';
comment on column staging.returns_row_audit.ambiguous is 'Headings of numbers with two readings, of which the entry and the file leave both open.';
comment on column staging.returns_row_audit.is_agency is 'The agency is on the map at the end of the period; for a task, when it is told.';
comment on column staging.returns_row_audit.is_in_population is 'The agency is one that the entry counts, or the province.';
comment on column staging.returns_row_audit.unread is 'Headings of the row''s cells that could not be read.';
comment on column staging.returns_row_audit.times_told is 'Rows of the file for the same entry or task, agency and end of period.';
-- A column means here what it means there.
select ops.copy_comments('staging.returns_response_audit', 'staging.returns_response');
select ops.copy_comments('staging.returns_row_audit', 'staging.returns_row');

grant select on staging.returns_response_audit, staging.returns_row_audit to cchc_loader;
