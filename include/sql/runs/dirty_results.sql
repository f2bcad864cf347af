-- Takes the dirty dates and the results of a province.
-- Leaves nothing.
-- Answers whether any result is of a dirty date or a later day, so that it is out of date.
select
    exists(
        select from mart.indicator_attainment
        where agency_code = %(province)s and as_of_date >= (select min(data_date) from ops.dirty_date)
    ) as has_dirty_results;
