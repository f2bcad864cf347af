-- A closing that changed changes its own figures, and by its versions of the plans those of every later one. Closings
-- of reports whose rejected rows this load has settled lose their flag. Takes the table dirty_closing of
-- core.disbursement.sql.
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
drop table withdrawn;
drop table reported;
