create or replace view mart.data_freshness as
-- Runs and loads of days that aren't over exist by mistake and must not make a source late or in time. The clock is the
-- server's: a clock that the installation is given (CCHC_NOW) is never ahead of it.
with newest_run as (
    select max(n.data_date) as as_of_date from ops.ingest_run as n
    where n.data_date <= (now() at time zone 'Asia/Ho_Chi_Minh')::date - 1
),

newest as (
    select distinct on (l.source, l.entity)
        l.source,
        l.entity,
        l.newest_day,
        l.captured_at as came_at
    from ops.load as l
    where
        l.status = 'published'
        and l.newest_day is not null
        and coalesce(l.data_date <= (now() at time zone 'Asia/Ho_Chi_Minh')::date - 1, true)
    order by l.source, l.entity, l.newest_day desc, l.captured_at
),

measured as (
    select
        l.source,
        l.entity,
        max(m.fresh_until) as fresh_until
    from mart.measure as m
    inner join ops.load as l on m.load_id = l.load_id
    where coalesce(l.data_date <= (now() at time zone 'Asia/Ho_Chi_Minh')::date - 1, true)
    group by l.source, l.entity
)

select
    s.source,
    s.entity,
    s.name_vi,
    n.newest_day,
    n.came_at,
    t.as_of_date,
    s.allowed_delay_days,
    coalesce(t.as_of_date > f.fresh_until, n.newest_day is null) as is_late,
    case when t.as_of_date > f.fresh_until then f.fresh_until + 1 end as stale_since
from ops.source as s
cross join newest_run as t
left join newest as n on s.source = n.source and s.entity = n.entity
left join measured as m on s.source = m.source and s.entity = m.entity
-- A value that is reported by period is due only after the next period: its measures hold the day until which it is
-- fresh.
cross join lateral (
    select case
        when n.newest_day is not null then greatest(n.newest_day + s.allowed_delay_days, m.fresh_until)
    end as fresh_until
) as f;
comment on view mart.data_freshness is 'Freshness of each source and entity: its newest day, the time when that came, whether it is late.';
-- A column means here the same as in the table.
select ops.copy_comments('mart.data_freshness', 'ops.source');
comment on column mart.data_freshness.newest_day is 'Newest day that its accepted rows describe; NULL: nothing has come yet.';
comment on column mart.data_freshness.came_at is 'Time at which the source first reported that day.';
comment on column mart.data_freshness.as_of_date is 'Data date of the newest run that is over; lateness is counted to it.';
comment on column mart.data_freshness.allowed_delay_days is 'Days that the newest day may be behind; for returns, days after the end of the next period.';
comment on column mart.data_freshness.is_late is 'True: nothing has come, or the newest day is behind by more than the allowed delay.';
comment on column mart.data_freshness.stale_since is 'First day on which it was late; NULL while it is not, or when nothing has ever come.';
grant select on mart.data_freshness to cchc_loader, cchc_analyst;
