-- What is gone of an answer stops it only where something here uses it.
alter table staging.national_portal_response add column missing_unused_fields text[];
comment on column staging.national_portal_response.missing_fields is 'Fields and metrics of the contract that something uses and that are gone; NULL if none.';
comment on column staging.national_portal_response.missing_unused_fields is 'Fields and metrics of the contract that feed nothing and are gone; NULL if none.';
