-- The columns that all staged loads share, for audit, quarantine and ledger. A new entity is another branch here.
create or replace view staging.staged_row as
select
    s.load_id,
    s.row_no,
    concat_ws(' ', coalesce(s.department_id, s.pointer), s.metric) as row_key,
    false as is_dated,
    null::date as day,
    to_jsonb(s) as payload,
    s.source_flags,
    null::text as correction_key
from staging.national_portal_statistic as s
union all
select
    s.load_id,
    s.row_no,
    concat_ws(' ', coalesce(s.agency_code, s.pointer), s.day) as row_key,
    true as is_dated,
    s.day,
    to_jsonb(s) as payload,
    s.source_flags,
    null::text as correction_key
from staging.eoffice_unit_day as s
union all
select
    s.load_id,
    s.row_no,
    concat_ws(
        ' ', s.budget_year, s.closed_on, coalesce(s.project_code, s.pointer), s.fund_code, s.plan_kind, s.effective_on,
        case when s.carried_over > 0 then 'carried_over' end
    ) as row_key,
    true as is_dated,
    s.closed_on as day,
    to_jsonb(s) as payload,
    s.source_flags,
    -- A report replaces all versions of a plan together.
    concat_ws(' ', s.budget_year, s.closed_on, s.project_code, s.fund_code, s.plan_kind) as correction_key
from staging.treasury_row as s
union all
select
    s.load_id,
    s.row_no,
    concat_ws(' ', coalesce(s.code, s.pointer), s.agency_code, s.period) as row_key,
    true as is_dated,
    s.period_end as day,
    to_jsonb(s) as payload,
    s.source_flags,
    -- Periods that end on one day give one value.
    concat_ws(' ', s.code, s.agency_code, s.period_end) as correction_key
from staging.returns_row as s;
comment on view staging.staged_row is 'Staged rows of all sources.';
comment on column staging.staged_row.load_id is 'Load under way that staged the row.';
comment on column staging.staged_row.row_no is 'Number of the row within its load, from 1.';
comment on column staging.staged_row.row_key is 'Natural key of the row, the same from load to load.';
comment on column staging.staged_row.is_dated is 'True where the key names its day or period; else the load''s day belongs to it.';
comment on column staging.staged_row.day is 'Day of the row''s data; NULL: the day that the load describes.';
comment on column staging.staged_row.payload is 'The row as staged.';
comment on column staging.staged_row.source_flags is 'Flags that came with it; NULL if none.';
comment on column staging.staged_row.correction_key is 'Key whose rows a newer report replaces together; NULL for sources without inbox files.';

create or replace view staging.accepted_row as
select
    s.load_id,
    s.row_no,
    s.row_key,
    s.is_dated,
    s.day,
    array(
        select distinct u.flag
        from unnest(
            coalesce(s.source_flags, '{}')
            || array(
                select v.rule_id from staging.rule_violation as v
                where v.load_id = s.load_id and v.row_no = s.row_no
            )
        ) as u (flag)
        order by u.flag
    ) as quality_flags
from staging.staged_row as s
where not exists (
    select from staging.rule_violation as v
    where v.load_id = s.load_id and v.row_no = s.row_no and v.severity <> 'info'
);
comment on view staging.accepted_row is 'Accepted rows: staged rows that no rule rejects. They are published, unless their load is stopped.';
select ops.copy_comments('staging.accepted_row', 'staging.staged_row');
comment on column staging.accepted_row.quality_flags is 'Flags of the source and of the audit, in order.';

create or replace view staging.staged_response as
select
    r.load_id,
    r.received_rows
from staging.national_portal_response as r
union all
select
    r.load_id,
    r.received_rows
from staging.eoffice_response as r
union all
select
    r.load_id,
    r.received_rows
from staging.treasury_response as r
union all
select
    r.load_id,
    r.received_rows
from staging.returns_response as r;
comment on view staging.staged_response is 'Staged answers and files as a whole, of all sources.';
comment on column staging.staged_response.load_id is 'Load under way that staged the answer or file.';
comment on column staging.staged_response.received_rows is 'Number of rows parsed from it.';
grant select on staging.staged_row, staging.accepted_row, staging.staged_response to cchc_loader;
