-- Takes new_measure.
-- Leaves mart.measure equal to it, within the days and months for which it was computed.
-- Rows of other days and sources are neither read nor written: a run costs what has changed.
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

select ops.merge_rows('mart.measure', 'new_measure');

drop table new_measure;
