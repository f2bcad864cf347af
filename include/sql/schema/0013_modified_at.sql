-- The order of reports: the day of their run, the modification time of their file (of an answer, the time of capture),
-- then the hash. What was published before knows its time of capture alone.
alter table ops.load add column modified_at timestamptz;
comment on column ops.load.modified_at is 'When the file of the inbox was last changed; of an answer, and where that isn''t known, when it was captured.';
update ops.load set modified_at = captured_at;

alter table core.return_value add column modified_at timestamptz;
update core.return_value as f set modified_at = coalesce(l.modified_at, l.started_at)
from ops.load as l
where f.load_id = l.load_id;
alter table core.return_value alter column modified_at set not null;
comment on column core.return_value.modified_at is 'When the file was last changed; of equal nights the later one wins.';
comment on column core.return_value.content_sha256 is 'Hash of the file; of equal modification times the greater one wins.';

alter table core.task_report add column modified_at timestamptz;
update core.task_report as t set modified_at = coalesce(l.modified_at, l.started_at)
from ops.load as l
where t.load_id = l.load_id;
alter table core.task_report alter column modified_at set not null;
comment on column core.task_report.modified_at is 'When the file was last changed; of equal nights the later one wins.';
comment on column core.task_report.content_sha256 is 'Hash of the file; of equal modification times the greater one wins.';

-- A row of core.disbursement keeps the load that said it first; the report that it comes from is known by its day and
-- hash.
alter table core.disbursement add column modified_at timestamptz;
update core.disbursement as d set modified_at = coalesce(
    (
        select min(l.modified_at) from ops.load as l
        where l.source = d.source and l.data_date = d.reported_on and l.content_sha256 = d.content_sha256
    ),
    (select coalesce(l.modified_at, l.started_at) from ops.load as l where l.load_id = d.load_id)
);
alter table core.disbursement alter column modified_at set not null;
comment on column core.disbursement.modified_at is 'When its file was last changed, or its answer captured; of equal days the later one wins.';
comment on column core.disbursement.content_sha256 is 'Bytes of the report that it comes from; of equal modification times the greater hash wins.';
comment on column core.disbursement.reported_on is 'Day of the night that told it. All rows of one closing, project, fund and kind of plan come from one report, the newest.';

-- Figures for which files of one night disagree: another file may count now.
insert into ops.dirty_date (load_id, source, data_date)
select
    (array_agg(f.load_id order by f.load_id))[1] as load_id,
    f.source,
    f.period_end as day
from core.return_value as f
group by f.source, f.indicator_code, f.agency_code, f.period_end, f.reported_on
having count(distinct f.load_id) > 1;

insert into ops.dirty_date (load_id, source, data_date)
select
    (array_agg(t.load_id order by t.load_id))[1] as load_id,
    t.source,
    min(least(t.reported_on, t.done_on)) as day
from core.task_report as t
group by t.source, t.plan_year, t.task_code, t.agency_code, t.reported_on
having count(distinct t.load_id) > 1;

-- Rows that a newer report of their key no longer has were counted beside its own.
create temporary table replaced on commit drop as
select d.*
from core.disbursement as d
where exists (
    select from core.disbursement as n
    where
        (n.source, n.budget_year, n.closed_on, n.project_code, n.fund_code, n.plan_kind)
        = (d.source, d.budget_year, d.closed_on, d.project_code, d.fund_code, d.plan_kind)
        and (n.reported_on, n.modified_at, n.content_sha256) > (d.reported_on, d.modified_at, d.content_sha256)
);
insert into ops.dirty_date (load_id, source, data_date)
select
    (array_agg(r.load_id order by r.load_id))[1] as load_id,
    r.source,
    min(r.closed_on) as day
from replaced as r
group by r.source, r.budget_year;
delete from core.disbursement as d
using replaced as r
where
    (
        d.source, d.budget_year, d.closed_on, d.project_code, d.fund_code, d.plan_kind, d.is_carried_over,
        d.effective_on
    ) = (
        r.source, r.budget_year, r.closed_on, r.project_code, r.fund_code, r.plan_kind, r.is_carried_over,
        r.effective_on
    );
drop table replaced;

create table ops.file_key (
    load_id uuid not null references ops.load (load_id),
    correction_key text not null,
    primary key (load_id, correction_key)
);
comment on table ops.file_key is 'What each published file of the inbox gives figures or statuses for: a later file of the same day with the same key takes its place, and its sender is told.';
comment on column ops.file_key.load_id is 'The file.';
comment on column ops.file_key.correction_key is 'Indicator or task, agency and end of period; or budget year, closing day, project, fund and kind of plan.';
grant select, insert, update, delete on ops.file_key to cchc_loader;
grant select on ops.file_key to cchc_analyst;
