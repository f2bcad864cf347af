-- Takes the days from `first_day` to `last_day`.
-- Leaves nothing.
-- Answers whether any of them has an ingest run, of whatever source, or results of the province.
select
    exists (
        select from ops.ingest_run where data_date between %(first_day)s and %(last_day)s
    )
    or exists (
        select from mart.indicator_attainment
        where as_of_date between %(first_day)s and %(last_day)s and agency_code = %(province)s
    ) as has_begun;
