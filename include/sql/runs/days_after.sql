-- Takes the day `newest`.
-- Leaves nothing.
-- Answers with the days after it that have an ingest run, an attainment run or results, in order.
select data_date as day from ops.ingest_run
where data_date > %(newest)s
union distinct
select as_of_date from ops.attainment_run
where as_of_date > %(newest)s
union distinct
select as_of_date from mart.indicator_attainment
where as_of_date > %(newest)s
order by day;
