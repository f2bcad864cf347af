-- The *_audit views show the loads that the session names in cchc.load_ids: Great Expectations reads them as its own
-- tables, and no SQL is built from a value. PostgreSQL expands `select *` when a view is made, and a view is made again
-- only when its file changes. So name the migration in each *_audit.sql whose table gets a column.
-- Columns as of schema/0006_staging.sql.
create or replace view staging.national_portal_response_audit as
select * from staging.national_portal_response
where load_id = any(string_to_array(current_setting('cchc.load_ids'), ',')::uuid[]);
comment on view staging.national_portal_response_audit is 'The response of the loads that the session names.';

create or replace view staging.national_portal_statistic_audit as
select * from staging.national_portal_statistic
where load_id = any(string_to_array(current_setting('cchc.load_ids'), ',')::uuid[]);
comment on view staging.national_portal_statistic_audit is 'The rows of the loads that the session names.';
-- A column means here the same as in the table.
select ops.copy_comments('staging.national_portal_response_audit', 'staging.national_portal_response');
select ops.copy_comments('staging.national_portal_statistic_audit', 'staging.national_portal_statistic');

grant select on staging.national_portal_response_audit, staging.national_portal_statistic_audit to cchc_loader;
