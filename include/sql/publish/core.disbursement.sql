-- Takes the staged, audited rows of a load of the treasury in đồng, and the rows of core.disbursement for their keys.
-- Leaves core.disbursement with the newest report of each key, the table dirty_closing for dirty_date.treasury.sql, and
-- rejected rows resolved where a newer report names their key; answers with the rows made, changed or removed.
-- The newest report of a closing replaces every row of each project, fund and kind of plan that it names, whatever
-- their effective dates and whether carried over; other keys stay. So all rows of one key come from one report, in
-- whatever order reports are loaded. load_id changes only where another column does.
create temporary table reported on commit drop as
select
    %(source)s as source,
    s.budget_year,
    s.closed_on,
    s.project_code,
    s.fund_code,
    s.plan_kind,
    s.carried_over > 0 as is_carried_over,
    s.effective_on,
    s.decision_no,
    s.project_name,
    s.investor_code,
    s.investor_name,
    trim_scale(s.plan_vnd) as plan_vnd,
    trim_scale(s.carried_over_vnd) as carried_over_vnd,
    trim_scale(s.completed_vnd) as completed_vnd,
    trim_scale(s.advance_vnd) as advance_vnd,
    trim_scale(s.unit_vnd) as received_unit_vnd,
    a.quality_flags,
    %(data_date)s as reported_on,
    %(modified_at)s as modified_at,
    %(content_sha256)s as content_sha256,
    s.load_id
from staging.treasury_row as s
inner join staging.accepted_row as a on s.load_id = a.load_id and s.row_no = a.row_no
where
    s.load_id = %(load_id)s
    and not exists (
        select from core.disbursement as c
        where
            (c.source, c.budget_year, c.closed_on, c.project_code, c.fund_code, c.plan_kind)
            = (%(source)s, s.budget_year, s.closed_on, s.project_code, s.fund_code, s.plan_kind)
            and (c.reported_on, c.modified_at, c.content_sha256) > (%(data_date)s, %(modified_at)s, %(content_sha256)s)
    );

-- Rows of the same keys that this report no longer has.
create temporary table dropped_row on commit drop as
select c.*
from core.disbursement as c
where
    c.source = %(source)s
    and exists (
        select from reported as r
        where
            (r.budget_year, r.closed_on, r.project_code, r.fund_code, r.plan_kind)
            = (c.budget_year, c.closed_on, c.project_code, c.fund_code, c.plan_kind)
    )
    and not exists (
        select from reported as r
        where
            (
                r.budget_year, r.closed_on, r.project_code, r.fund_code, r.plan_kind, r.is_carried_over,
                r.effective_on
            ) = (
                c.budget_year, c.closed_on, c.project_code, c.fund_code, c.plan_kind, c.is_carried_over,
                c.effective_on
            )
    );

-- Closings to compute again: those that lose a row, those with a new or changed row (below), and those whose flag
-- rows_rejected may come or go. It does where another report, with or without rejected rows, now gives the same rows.
create temporary table dirty_closing on commit drop as
select d.closed_on from dropped_row as d
union
select r.closed_on
from reported as r
inner join core.disbursement as c
    on
        c.source = %(source)s
        and r.budget_year = c.budget_year
        and r.closed_on = c.closed_on
        and r.project_code = c.project_code
        and r.fund_code = c.fund_code
        and r.plan_kind = c.plan_kind
inner join ops.load as l
    on
        c.source = l.source
        and (
            l.load_id = %(load_id)s
            or (c.reported_on = l.data_date and c.content_sha256 = l.content_sha256)
        )
where l.quarantined_rows > 0;

select ops.merge_reports('core.disbursement', 'reported');

delete from core.disbursement as c
using dropped_row as d
where
    (
        c.source, c.budget_year, c.closed_on, c.project_code, c.fund_code, c.plan_kind, c.is_carried_over,
        c.effective_on
    ) = (
        d.source, d.budget_year, d.closed_on, d.project_code, d.fund_code, d.plan_kind, d.is_carried_over,
        d.effective_on
    );

insert into dirty_closing (closed_on)
select c.closed_on
from core.disbursement as c
where c.load_id = %(load_id)s;

-- A rejected row is resolved where a newer report names its key: in older reports by this one, in this one by a newer.
update ops.quarantine as q set
    resolved_at = clock_timestamp(),
    resolved_by_load_id = %(load_id)s
from reported as r, ops.load as l
where
    q.source = %(source)s
    and q.resolved_at is null
    and q.load_id = l.load_id
    and (l.data_date, coalesce(l.modified_at, l.captured_at), l.content_sha256)
    < (%(data_date)s, %(modified_at)s, %(content_sha256)s)
    and (
        q.payload ->> 'budget_year', q.payload ->> 'closed_on', q.payload ->> 'project_code',
        q.payload ->> 'fund_code', q.payload ->> 'plan_kind'
    ) = (r.budget_year::text, r.closed_on::text, r.project_code, r.fund_code, r.plan_kind);

update ops.quarantine as q set
    resolved_at = clock_timestamp(),
    resolved_by_load_id = l.load_id
from core.disbursement as c
inner join ops.load as l
    on c.source = l.source and c.reported_on = l.data_date and c.content_sha256 = l.content_sha256
where
    q.load_id = %(load_id)s
    and q.resolved_at is null
    and c.source = %(source)s
    and (c.reported_on, c.modified_at, c.content_sha256) > (%(data_date)s, %(modified_at)s, %(content_sha256)s)
    and (
        q.payload ->> 'budget_year', q.payload ->> 'closed_on', q.payload ->> 'project_code',
        q.payload ->> 'fund_code', q.payload ->> 'plan_kind'
    ) = (c.budget_year::text, c.closed_on::text, c.project_code, c.fund_code, c.plan_kind);

-- The rows made, changed or removed.
select
    c.project_code,
    c.closed_on
from core.disbursement as c
where c.load_id = %(load_id)s
union all
select
    d.project_code,
    d.closed_on
from dropped_row as d;
