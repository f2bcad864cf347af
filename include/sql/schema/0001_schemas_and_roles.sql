-- Schemas, roles, their rights, and the function of generated columns in all schemas. Roles may already exist: the
-- embedded database makes them, with passwords. Elsewhere they are made without login, and the connection's own user
-- takes them on by SET ROLE.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['cchc_loader', 'cchc_analyst'] loop
        if not exists (select from pg_roles where rolname = wanted) then
            execute format('create role %I nologin', wanted);
            execute format('grant %I to %I', wanted, current_user);
        end if;
    end loop;
exception
    when insufficient_privilege then
        raise exception 'the roles cchc_loader and cchc_analyst are missing and % may not make them', current_user
            using hint = 'As a superuser: create role cchc_loader; create role cchc_analyst; '
                || 'grant cchc_loader, cchc_analyst to the user of the connection "warehouse".';
end
$$;

create schema if not exists staging;
create schema if not exists core;
create schema if not exists mart;
create schema if not exists ops;

comment on schema staging is 'Parsed rows of the load under way, typed, without personal data; unlogged, keyed by load.';
comment on schema core is 'Facts and dimensions as published; every fact names its load.';
comment on schema mart is 'Catalog, measures and attainment: the tables for analysts.';
comment on schema ops is 'Ledger of loads, audit results, quarantine, state of the runs, alerts.';

grant usage on schema staging, core, mart, ops to cchc_loader;
grant usage on schema core, mart, ops to cchc_analyst;

alter default privileges in schema staging, core, mart, ops
grant select, insert, update, delete on tables to cchc_loader;
alter default privileges in schema core, mart
grant select on tables to cchc_analyst;

-- Temporary tables of an analyst could fill the disk. Only the owner of the database can revoke the right to make them.
do $$
begin
    if
        has_database_privilege('cchc_analyst', current_database(), 'temporary')
        and pg_has_role((select datdba from pg_database where datname = current_database()), 'usage')
    then
        execute format('revoke temporary on database %I from public, cchc_analyst', current_database());
        execute format('grant temporary on database %I to cchc_loader', current_database());
    end if;
end
$$;

create function core.province_of(agency_code text) returns text
language sql immutable strict parallel safe
return split_part(agency_code, '.', 1);
comment on function core.province_of is 'Province of an agency: the first part of its identifier code. The root''s own code is the province''s: H58.31.02 and H58 belong to H58.';
