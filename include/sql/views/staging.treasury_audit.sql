-- The treasury's loads that the session names in cchc.load_ids, for Great Expectations.
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
comment on view staging.treasury_response_audit is 'The answer or file of the loads that the session names.';
comment on column staging.treasury_response_audit.rows_of_other_closing is 'Rows of another closing day or budget year than asked for; of a file, which comes unasked, rows of a day that was not over.';

create or replace view staging.treasury_row_audit as
select
    s.*,
    r.delimiter
from staging.treasury_row as s
inner join staging.treasury_response as r on s.load_id = r.load_id
where s.load_id = any(string_to_array(current_setting('cchc.load_ids'), ',')::uuid[]);
comment on view staging.treasury_row_audit is 'The rows of the loads that the session names, and what separates the columns of their file.';

-- What a slip of the unit shows against. The plan is compared with the same version's, or the newest told then; the
-- payments of all versions together, since a new version takes over what was paid on the old one.
create or replace view staging.treasury_history_audit as
select
    s.load_id,
    s.row_no,
    h.closed_on as told_closed_on,
    h.plan_vnd as told_plan_vnd,
    h.paid_vnd as told_paid_vnd,
    s.plan_vnd + s.carried_over_vnd as plan_vnd,
    sum(s.completed_vnd + s.advance_vnd) over cell as paid_vnd
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
window cell as (
    partition by s.load_id, s.budget_year, s.closed_on, s.project_code, s.fund_code, s.plan_kind, s.carried_over > 0
);
comment on view staging.treasury_history_audit is 'For each row of the loads that the session names: what was told of the same project, fund and kind of plan at the nearest earlier closing of the budget year, else at the nearest later one. Rows without such history are left out.';
comment on column staging.treasury_history_audit.load_id is 'The load.';
comment on column staging.treasury_history_audit.row_no is 'Number within the load.';
comment on column staging.treasury_history_audit.plan_vnd is 'Plan of the row, of this year or carried over, in đồng.';
comment on column staging.treasury_history_audit.paid_vnd is 'Paid on all versions of that plan in the load, in đồng.';
comment on column staging.treasury_history_audit.told_closed_on is 'Closing day compared with.';
comment on column staging.treasury_history_audit.told_plan_vnd is 'Plan told then: of the same version, else of the newest, in đồng.';
comment on column staging.treasury_history_audit.told_paid_vnd is 'Paid then on all versions, in đồng.';
-- A column means here what it means there.
select ops.copy_comments('staging.treasury_response_audit', 'staging.treasury_response');
select ops.copy_comments('staging.treasury_row_audit', 'staging.treasury_row');
comment on column staging.treasury_row_audit.delimiter is 'What separates the columns of the file; NULL for workbooks and the API.';

grant select on staging.treasury_response_audit, staging.treasury_row_audit, staging.treasury_history_audit
to cchc_loader;
