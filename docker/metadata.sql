-- Run once, by PostgreSQL's image when it makes its data.
\getenv password METADATA_PASSWORD
create role airflow login password :'password';
create database airflow owner airflow;
revoke all on database airflow from public;
