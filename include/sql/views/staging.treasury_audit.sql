-- The treasury's loads that the session names in cchc.load_ids, for Great Expectations.
-- Columns as of schema/0006_staging.sql (staging.national_portal_audit.sql explains why).
create or replace view staging.treasury_response_audit as
select
    r.*,
    (
        select count(*) from staging.treasury_row as s
        where
            s.load_id = r.load_id
            and case
                when r.asked_from is null then s.closed_on > r.asked_to
                else s.closed_on <> r.asked_to or s.budget_year <> extract(year from r.asked_from)
            end
    ) as rows_of_other_closing
from staging.treasury_response as r
where r.load_id = any(string_to_array(current_setting('cchc.load_ids'), ',')::uuid[]);
comment on view staging.treasury_response_audit is 'Answers or files of the loads that the session names.';
comment on column staging.treasury_response_audit.rows_of_other_closing is 'Number of rows of another closing day or budget year than asked for; for an inbox file, of rows of a day that was not over.';

create or replace view staging.treasury_row_audit as
select
    s.*,
    r.delimiter
from staging.treasury_row as s
inner join staging.treasury_response as r on s.load_id = r.load_id
where s.load_id = any(string_to_array(current_setting('cchc.load_ids'), ',')::uuid[]);
comment on view staging.treasury_row_audit is 'Rows of the loads that the session names, with the delimiter of their file.';

-- History against which a slip of the unit shows. The plan is compared with that of the same version, or with the
-- newest one reported then. Payments are compared over all versions, since a new version takes over those on the old.
create or replace view staging.treasury_history_audit as
select
    s.load_id,
    s.row_no,
    h.closed_on as compared_closed_on,
    h.plan_vnd as compared_plan_vnd,
    h.paid_vnd as compared_paid_vnd,
    s.plan_vnd + s.carried_over_vnd as plan_vnd,
    sum(s.completed_vnd + s.advance_vnd) over plan_version as paid_vnd
from staging.treasury_row as s
inner join lateral (
    select
        d.closed_on,
        sum(d.completed_vnd + d.advance_vnd) as paid_vnd,
        (array_agg(
            d.plan_vnd + d.carried_over_vnd
            order by d.effective_on = s.effective_on desc, d.effective_on desc
        ))[1] as plan_vnd
    from core.disbursement as d
    where
        d.budget_year = s.budget_year
        and d.project_code = s.project_code
        and d.fund_code = s.fund_code
        and d.plan_kind = s.plan_kind
        and d.is_carried_over = (s.carried_over > 0)
        and d.closed_on <> s.closed_on
    group by d.closed_on
    order by d.closed_on > s.closed_on, abs(d.closed_on - s.closed_on)
    limit 1
) as h on true
where s.load_id = any(string_to_array(current_setting('cchc.load_ids'), ',')::uuid[])
window plan_version as (
    partition by s.load_id, s.budget_year, s.closed_on, s.project_code, s.fund_code, s.plan_kind, s.carried_over > 0
);
comment on view staging.treasury_history_audit is 'History of each row of the loads that the session names: the report on the same project, fund and kind of plan at the nearest earlier closing of the budget year, else at the nearest later one. Rows without such history are left out.';
comment on column staging.treasury_history_audit.load_id is 'Load under way that staged the row.';
comment on column staging.treasury_history_audit.row_no is 'Number of the row within its load, from 1.';
comment on column staging.treasury_history_audit.plan_vnd is 'Plan of the row, for this year or carried over, in đồng.';
comment on column staging.treasury_history_audit.paid_vnd is 'Payments on all versions of that plan in the load, in đồng.';
comment on column staging.treasury_history_audit.compared_closed_on is 'Closing day that the row is compared with.';
comment on column staging.treasury_history_audit.compared_plan_vnd is 'Plan as reported at that closing: of the same version, else of the newest, in đồng.';
comment on column staging.treasury_history_audit.compared_paid_vnd is 'Payments on all versions as reported at that closing, in đồng.';
-- A column means here the same as in the table.
select ops.copy_comments('staging.treasury_response_audit', 'staging.treasury_response');
select ops.copy_comments('staging.treasury_row_audit', 'staging.treasury_response');
select ops.copy_comments('staging.treasury_row_audit', 'staging.treasury_row');

grant select on staging.treasury_response_audit, staging.treasury_row_audit, staging.treasury_history_audit
to cchc_loader;
