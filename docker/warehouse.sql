-- Run once, by PostgreSQL's image when it makes its data: what docs/operate.md asks of any other server's administrator.
\getenv password WAREHOUSE_PASSWORD
create role cchc_app login password :'password';
create role cchc_loader;
create role cchc_analyst;
grant cchc_loader, cchc_analyst to cchc_app;
create database cchc owner cchc_app;
revoke all on database cchc from public;
grant connect, temporary on database cchc to cchc_loader, cchc_analyst;
