-- Rooms and keys. Roles may already stand (the embedded database makes them, with passwords); elsewhere they are made
-- without login, and the connection's own user takes them on by SET ROLE.
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

comment on schema staging is 'Rows of the load under way, typed, without personal data; unlogged, keyed by load.';
comment on schema core is 'Facts and dimensions as published; every fact names its load.';
comment on schema mart is 'What analysts read: catalog, measures, attainment.';
comment on schema ops is 'Ledger of loads, quality results, quarantine.';

grant usage on schema staging, core, mart, ops to cchc_loader;
grant usage on schema core, mart, ops to cchc_analyst;

alter default privileges in schema staging, core, mart, ops
grant select, insert, update, delete on tables to cchc_loader;
alter default privileges in schema core, mart
grant select on tables to cchc_analyst;
