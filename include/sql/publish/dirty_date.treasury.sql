-- Takes the table dirty_closing of core.disbursement.sql, and the quarantined rows that the load has resolved.
-- Leaves the first of their closings in ops.dirty_date, and drops the tables of core.disbursement.sql.
-- A closing that changed changes its own measures and, by its versions of the plans, those of every later closing. The
-- closings of reports whose rejected rows are now resolved lose their flag.
insert into ops.dirty_date (load_id, source, data_date)
select
    %(load_id)s as load_id,
    %(source)s as source,
    min(d.closed_on) as data_date
from (
    select t.closed_on from dirty_closing as t
    union all
    select c.closed_on
    from ops.quarantine as q
    inner join ops.load as l on q.load_id = l.load_id
    inner join core.disbursement as c
        on l.source = c.source and l.data_date = c.reported_on and l.content_sha256 = c.content_sha256
    where q.source = %(source)s and q.resolved_by_load_id = %(load_id)s
) as d
having count(*) > 0;

drop table dirty_closing;
drop table dropped_row;
drop table reported;
