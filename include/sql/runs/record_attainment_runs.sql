-- Takes the days from `first_day` to `last_day`, and the time `ready_at` at which they are computed.
-- Leaves a row of ops.attainment_run for each of them that has none.
insert into ops.attainment_run (province_code, as_of_date, run_id, ready_at)
select
    %(province)s,
    d.day::date,
    %(run_id)s,
    %(ready_at)s
from generate_series(%(first_day)s::timestamp, %(last_day)s::timestamp, interval '1 day') as d (day)
on conflict (province_code, as_of_date) do nothing;
