-- The stored states of all series of a province.
select
    s.kind,
    s.plan_year,
    s.figure_year,
    s.indicator_code,
    s.variant,
    s.agency_code,
    s.evaluated_to_date,
    s.last_day,
    s.last_value,
    s.is_armed,
    s.streak,
    s.streak_began_on,
    s.open_began_on,
    s.open_fired_on
from ops.alert_state as s
where s.province_code = %(province)s;
