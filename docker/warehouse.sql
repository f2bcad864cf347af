-- Run once, by PostgreSQL's image when it makes its data: what docs/operate.md asks of any other server's administrator.
\getenv password WAREHOUSE_PASSWORD
create role cchc_app login password :'password';
create role cchc_loader;
create role cchc_analyst;
grant cchc_loader, cchc_analyst to cchc_app;
create database cchc owner cchc_app;
-- An analyst reads. Rights by which one session could harm all others are for the loader, or for nobody.
revoke connect on database postgres, template1 from public;
revoke all on database cchc from public;
grant connect, temporary on database cchc to cchc_loader;
grant connect on database cchc to cchc_analyst;
\connect cchc
select format('revoke execute on function %s from public', oid::regprocedure) from pg_proc
where pronamespace = 'pg_catalog'::regnamespace and (proname ~ '^pg_(try_)?advisory' or proname in ('lo_creat', 'lo_create', 'lo_from_bytea', 'pg_logical_emit_message')) \gexec
