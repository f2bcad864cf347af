-- Brings mart.measure to what new_measure says: within the days and months that it was computed for, nothing else.
-- Of all that is kept only what is not older is read.
delete from mart.measure as m
using ops.load as l
where
    m.load_id = l.load_id
    and l.source = %(source)s
    and m.day >= (select least(%(first_day)s, min(n.day)) from new_measure as n)
    and (
        (m.period = 'ytd' and m.day between %(first_day)s and %(last_day)s)
        or (m.period = 'month' and m.day in (select n.day from new_measure as n where n.period = 'month'))
    )
    and not exists (
        select from new_measure as n
        where
            n.measure_code = m.measure_code
            and n.agency_code = m.agency_code
            and n.period = m.period
            and n.figure_year = m.figure_year
            and n.day = m.day
    );

merge into mart.measure as m
using new_measure as n
    on
        m.day >= (select min(o.day) from new_measure as o)
        and m.measure_code = n.measure_code
        and m.agency_code = n.agency_code
        and m.period = n.period
        and m.figure_year = n.figure_year
        and m.day = n.day
when matched and (m.is_increment, m.value, m.data_date, m.fresh_until, m.quality_flags, m.load_id)
is distinct from (n.is_increment, n.value, n.data_date, n.fresh_until, n.quality_flags, n.load_id) then
    update set
        is_increment = n.is_increment,
        value = n.value,
        data_date = n.data_date,
        fresh_until = n.fresh_until,
        quality_flags = n.quality_flags,
        load_id = n.load_id
when not matched then
    insert (
        day, period, measure_code, agency_code, figure_year, is_increment, value, data_date, fresh_until,
        quality_flags, load_id
    )
    values (
        n.day, n.period, n.measure_code, n.agency_code, n.figure_year, n.is_increment, n.value, n.data_date,
        n.fresh_until, n.quality_flags, n.load_id
    );

drop table new_measure;
