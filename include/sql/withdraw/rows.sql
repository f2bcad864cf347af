-- Takes the table withdrawn_load of loads.sql.
-- Leaves core, the measures and the ledger without these loads. The source is dirty (ops.dirty_date) from the first day
-- that loses a row on. Answers with the numbers of deleted loads and rows.
-- Tables that keep one row for each key have lost its earlier values with it. The loads that had reported the same days
-- get the status failed: they wait to be loaded again from the archive, in order.
create temporary table lost_row (
    source text not null,
    day date not null,
    is_overwritten boolean not null
) on commit drop;

with office as (
    delete from core.office_unit_day as c
    using withdrawn_load as w
    where
        c.source = w.source
        and (c.load_id = w.load_id or (c.reported_on = w.data_date and c.content_sha256 = w.content_sha256))
    returning c.source, c.day, true as is_overwritten
),

disbursement as (
    delete from core.disbursement as c
    using withdrawn_load as w
    where
        c.source = w.source
        and (c.load_id = w.load_id or (c.reported_on = w.data_date and c.content_sha256 = w.content_sha256))
    returning c.source, c.closed_on as day, true as is_overwritten
),

return_value as (
    delete from core.return_value as c
    using withdrawn_load as w
    where c.load_id = w.load_id
    returning c.source, c.period_end as day, false as is_overwritten
),

task_report as (
    delete from core.task_report as c
    using withdrawn_load as w
    where c.load_id = w.load_id
    returning c.source, least(c.reported_on, c.done_on) as day, false as is_overwritten
),

portal_statistic as (
    delete from core.portal_statistic as c
    using withdrawn_load as w
    where c.load_id = w.load_id
    returning c.source, c.data_date as day, false as is_overwritten
),

measure as (
    delete from mart.measure as m
    using withdrawn_load as w
    where m.load_id = w.load_id
    returning w.source, m.day, false as is_overwritten
)

insert into lost_row (source, day, is_overwritten)
select office.* from office
union all
select disbursement.* from disbursement
union all
select return_value.* from return_value
union all
select task_report.* from task_report
union all
select portal_statistic.* from portal_statistic
union all
select measure.* from measure;

update core.portal_department as d set
    load_ids = array(
        select u.load_id from unnest(d.load_ids) as u (load_id)
        where u.load_id not in (select w.load_id from withdrawn_load as w)
        order by u.load_id
    )
where d.load_ids && (select array_agg(w.load_id) from withdrawn_load as w);

delete from core.portal_department
where load_ids = '{}';

delete from ops.dirty_date as t
using withdrawn_load as w
where t.load_id = w.load_id;

insert into ops.dirty_date (source, data_date)
select
    r.source,
    min(r.day) as data_date
from lost_row as r
group by r.source;

update ops.quarantine as q set
    resolved_at = null,
    resolved_by_load_id = null
from withdrawn_load as w
where q.resolved_by_load_id = w.load_id;

delete from ops.quarantine as q
using withdrawn_load as w
where q.load_id = w.load_id;

delete from ops.file_key as k
using withdrawn_load as w
where k.load_id = w.load_id;

delete from ops.expectation_result as e
using withdrawn_load as w
where e.load_id = w.load_id;

-- A task that the withdrawn file reports as done has its status on days before the report too. The dirty dates above
-- reach them, so that they are computed again.
update mart.task_status as t set load_id = null
from withdrawn_load as w
where t.load_id = w.load_id;

delete from ops.load as l
using withdrawn_load as w
where l.load_id = w.load_id;

update ops.load as l set
    status = 'failed',
    received_rows = 0,
    accepted_rows = 0,
    quarantined_rows = 0,
    error = %(reason)s
from (
    select
        r.source,
        min(r.day) as first_day,
        max(r.day) as last_day
    from lost_row as r
    where r.is_overwritten
    group by r.source
) as r
where
    l.source = r.source
    and l.status = 'published'
    and l.archive_uri is not null
    and l.newest_day >= r.first_day
    -- A file's window is the day of its run, whatever days it reports.
    and (l.window_start <= r.last_day or l.window_start >= l.newest_day);

select
    (select count(*) from withdrawn_load) as loads,
    (select count(*) from lost_row) as rows_lost;
