-- Makes the rows of ops.alert_state equal to the temporary table new_state, which it drops.
merge into ops.alert_state as w
using new_state as r
    on
        w.kind = r.kind
        and w.plan_year = r.plan_year
        and w.figure_year = r.figure_year
        and w.indicator_code = r.indicator_code
        and w.variant = r.variant
        and w.agency_code = r.agency_code
when matched then
    update set
        evaluated_to_date = r.evaluated_to_date,
        last_day = r.last_day,
        last_value = r.last_value,
        is_armed = r.is_armed,
        streak = r.streak,
        streak_began_on = r.streak_began_on,
        open_began_on = r.open_began_on,
        open_fired_on = r.open_fired_on
when not matched then
    insert (
        kind, plan_year, figure_year, indicator_code, variant, agency_code, evaluated_to_date, last_day, last_value,
        is_armed, streak, streak_began_on, open_began_on, open_fired_on
    )
    values (
        r.kind, r.plan_year, r.figure_year, r.indicator_code, r.variant, r.agency_code, r.evaluated_to_date,
        r.last_day, r.last_value, r.is_armed, r.streak, r.streak_began_on, r.open_began_on, r.open_fired_on
    );

drop table new_state;
