-- The results of one series between two days, by day.
select r.*
from mart.indicator_result as r
where
    r.as_of_date between %(first_day)s and %(last_day)s
    and r.plan_year = %(plan_year)s
    and r.figure_year = %(figure_year)s
    and r.indicator_code = %(indicator_code)s
    and r.variant = %(variant)s
    and r.agency_code = %(agency_code)s
order by r.as_of_date;
