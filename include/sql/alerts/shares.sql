-- What each agency of a province has of one figure on a day.
select
    a.agency_code,
    a.numerator,
    a.denominator
from mart.indicator_attainment as a
where
    a.as_of_date = %(as_of_date)s
    and a.plan_year = %(plan_year)s
    and a.indicator_code = %(indicator_code)s
    and a.variant = %(variant)s
    and a.agency_code like %(province)s || '.%%'
    and a.numerator is not null
    and a.denominator is not null;
