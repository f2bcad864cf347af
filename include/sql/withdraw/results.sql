-- Takes `day` and `province`.
-- Leaves mart.indicator_attainment, mart.task_status, ops.attainment_run and ops.ingest_run without rows of the day;
-- answers with the numbers of deleted results, statuses and runs.
with results as (
    delete from mart.indicator_attainment
    where
        as_of_date = %(day)s
        and province_code = %(province)s
    returning agency_code
),

statuses as (
    delete from mart.task_status
    where
        as_of_date = %(day)s
        and province_code = %(province)s
    returning agency_code
),

attainments as (
    delete from ops.attainment_run
    where province_code = %(province)s and as_of_date = %(day)s
    returning as_of_date
),

ingests as (
    delete from ops.ingest_run
    where data_date = %(day)s
    returning source
)

select
    (select count(*) from results) as results,
    (select count(*) from statuses) as statuses,
    (select count(*) from attainments) + (select count(*) from ingests) as runs;
