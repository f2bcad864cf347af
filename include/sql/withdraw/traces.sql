-- Takes `day` and `province`.
-- Leaves nothing; answers whether a run for the day has left an ingest run, an attainment run or a result.
select
    exists (select from ops.ingest_run as r where r.data_date = %(day)s)
    or exists (
        select from ops.attainment_run as r
        where r.as_of_date = %(day)s and r.province_code = %(province)s
    )
    or exists (
        select from mart.indicator_attainment as a
        where a.as_of_date = %(day)s and a.province_code = %(province)s
    ) as has_traces;
