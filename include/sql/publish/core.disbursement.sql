-- The accepted rows in đồng, with the flags of the source and of the audit: of one closing day what was told last wins,
-- in whatever order loads come. load_id changes only with what the row says.
merge into core.disbursement as c
using (
    select
        s.*,
        s.carried_over > 0 as is_carried_over,
        a.quality_flags
    from staging.treasury_row as s
    inner join staging.accepted_row as a on s.load_id = a.load_id and s.row_no = a.row_no
    where s.load_id = %(load_id)s
) as n
    on
        c.source = %(source)s
        and c.budget_year = n.budget_year
        and c.closed_on = n.closed_on
        and c.project_code = n.project_code
        and c.fund_code = n.fund_code
        and c.plan_kind = n.plan_kind
        and c.is_carried_over = n.is_carried_over
        and c.effective_on = n.effective_on
when matched and (c.told_on, c.content_sha256) < (%(data_date)s, %(content_sha256)s) then
    update set
        decision_no = n.decision_no,
        project_name = n.project_name,
        investor_code = n.investor_code,
        investor_name = n.investor_name,
        plan_vnd = trim_scale(n.plan_vnd),
        carried_over_vnd = trim_scale(n.carried_over_vnd),
        completed_vnd = trim_scale(n.completed_vnd),
        advance_vnd = trim_scale(n.advance_vnd),
        received_unit_vnd = trim_scale(n.unit_vnd),
        quality_flags = n.quality_flags,
        told_on = %(data_date)s,
        content_sha256 = %(content_sha256)s,
        load_id = case
            when (
                c.decision_no, c.project_name, c.investor_code, c.investor_name, c.plan_vnd, c.carried_over_vnd,
                c.completed_vnd, c.advance_vnd, c.received_unit_vnd, c.quality_flags
            ) is distinct from (
                n.decision_no, n.project_name, n.investor_code, n.investor_name, n.plan_vnd, n.carried_over_vnd,
                n.completed_vnd, n.advance_vnd, n.unit_vnd, n.quality_flags
            ) then n.load_id
            else c.load_id
        end
when not matched then
    insert (
        source, budget_year, closed_on, project_code, fund_code, plan_kind, is_carried_over, effective_on, decision_no,
        project_name, investor_code, investor_name, plan_vnd, carried_over_vnd, completed_vnd, advance_vnd,
        received_unit_vnd, quality_flags, told_on, content_sha256, load_id
    )
    values (
        %(source)s, n.budget_year, n.closed_on, n.project_code, n.fund_code, n.plan_kind, n.is_carried_over,
        n.effective_on, n.decision_no, n.project_name, n.investor_code, n.investor_name, trim_scale(n.plan_vnd),
        trim_scale(n.carried_over_vnd), trim_scale(n.completed_vnd), trim_scale(n.advance_vnd), trim_scale(n.unit_vnd),
        n.quality_flags, %(data_date)s, %(content_sha256)s, n.load_id
    );

-- The rows that it made or changed.
select
    project_code,
    closed_on
from core.disbursement
where load_id = %(load_id)s;
