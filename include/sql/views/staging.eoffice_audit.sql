-- The e-office's loads that the session names in cchc.load_ids, for Great Expectations.
-- Columns as of schema/0006_staging.sql (staging.national_portal_audit.sql explains why).
create or replace view staging.eoffice_response_audit as
select * from staging.eoffice_response
where load_id = any(string_to_array(current_setting('cchc.load_ids'), ',')::uuid[]);
comment on view staging.eoffice_response_audit is 'Answers of the loads that the session names.';

create or replace view staging.eoffice_unit_day_audit as
select
    d.*,
    r.asked_from,
    r.asked_to
from staging.eoffice_unit_day as d
left join staging.eoffice_response as r on d.load_id = r.load_id and r.row_no = 1
where d.load_id = any(string_to_array(current_setting('cchc.load_ids'), ',')::uuid[]);
comment on view staging.eoffice_unit_day_audit is 'Rows of the loads that the session names, with the days asked for.';
-- A column means here the same as in the table.
select ops.copy_comments('staging.eoffice_unit_day_audit', 'staging.eoffice_response');
select ops.copy_comments('staging.eoffice_response_audit', 'staging.eoffice_response');
select ops.copy_comments('staging.eoffice_unit_day_audit', 'staging.eoffice_unit_day');

grant select on staging.eoffice_response_audit, staging.eoffice_unit_day_audit to cchc_loader;
