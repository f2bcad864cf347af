-- Takes the load's data date.
-- Leaves it in ops.dirty_date: the attainment of this day must be computed again, and of the later days of the year
-- that carry its values on.
insert into ops.dirty_date (load_id, source, data_date)
values (%(load_id)s, %(source)s, %(data_date)s);
