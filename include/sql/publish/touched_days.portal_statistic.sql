-- The attainment of this day, and of later days of the year that carry its figures on, has to be computed again.
insert into ops.touched_days (load_id, source, day)
values (%(load_id)s, %(source)s, %(data_date)s);
