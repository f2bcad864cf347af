-- The attainment of this day, and of later days of the year that carry its figures on, has to be computed again.
insert into ops.dirty_date (load_id, source, data_date)
values (%(load_id)s, %(source)s, %(data_date)s);
