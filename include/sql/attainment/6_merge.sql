-- Takes new_attainment.
-- Leaves mart.indicator_attainment equal to it, within its days and the province.
-- A row that stays the same keeps its run and its time: ops.changed_result logs changes alone.
delete from mart.indicator_attainment as a
where
    a.as_of_date between %(first_day)s and %(last_day)s
    and a.province_code = %(province)s
    and not exists (
        select from new_attainment as n
        where
            n.as_of_date = a.as_of_date
            and n.plan_year = a.plan_year
            and n.indicator_code = a.indicator_code
            and n.variant = a.variant
            and n.agency_code = a.agency_code
    );

select ops.merge_rows('mart.indicator_attainment', 'new_attainment', '{run_id, computed_at}');

drop table new_attainment;
