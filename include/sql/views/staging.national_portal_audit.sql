-- The *_audit views show one load, the one that the session names in cchc.load_id: Great Expectations looks at them
-- as at tables of its own, and no SQL is built from a value.
create or replace view staging.national_portal_response_audit as
select * from staging.national_portal_response
where load_id = current_setting('cchc.load_id')::uuid;
comment on view staging.national_portal_response_audit is 'The response of the load that the session names.';

create or replace view staging.national_portal_statistic_audit as
select * from staging.national_portal_statistic
where load_id = current_setting('cchc.load_id')::uuid;
comment on view staging.national_portal_statistic_audit is 'The rows of the load that the session names.';
grant select on staging.national_portal_response_audit, staging.national_portal_statistic_audit to cchc_loader;
