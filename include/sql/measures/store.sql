-- Brings mart.measure to what new_measure says: within the days and months that it was computed for, nothing else.
delete from mart.measure as m
using ops.load as l
where
    m.load_id = l.load_id
    and l.source = %(source)s
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
            and n.day = m.day
    );

merge into mart.measure as m
using new_measure as n
    on
        m.measure_code = n.measure_code
        and m.agency_code = n.agency_code
        and m.period = n.period
        and m.day = n.day
when matched and (m.value, m.data_date, m.quality_flags, m.load_id)
is distinct from (n.value, n.data_date, n.quality_flags, n.load_id) then
    update set
        value = n.value,
        data_date = n.data_date,
        quality_flags = n.quality_flags,
        load_id = n.load_id
when not matched then
    insert (day, period, measure_code, agency_code, value, data_date, quality_flags, load_id)
    values (n.day, n.period, n.measure_code, n.agency_code, n.value, n.data_date, n.quality_flags, n.load_id);

drop table new_measure;
