-- Investors are no agencies of the map, so attainment has no rows for them: this view shows which one is behind.
create or replace view mart.disbursement as
select
    d.closed_on,
    d.budget_year,
    d.investor_code,
    d.investor_name,
    d.project_code,
    d.project_name,
    d.fund_code,
    d.plan_kind,
    f.plan_vnd,
    f.effective_on,
    f.decision_no,
    f.paid_vnd,
    f.completed_vnd,
    f.advance_vnd,
    d.carried_over_plan_vnd,
    d.carried_over_paid_vnd,
    d.received_unit_vnd,
    d.source,
    d.load_id,
    f.paid_vnd * 100 / nullif(f.plan_vnd, 0) as rate_pct,
    array(
        select distinct u.flag
        from core.disbursement as o
        cross join unnest(o.quality_flags) as u (flag)
        where
            (o.source, o.budget_year, o.closed_on, o.project_code, o.fund_code, o.plan_kind)
            = (d.source, d.budget_year, d.closed_on, d.project_code, d.fund_code, d.plan_kind)
        order by u.flag
    ) as quality_flags
from (
    select
        o.source,
        o.budget_year,
        o.closed_on,
        o.project_code,
        o.fund_code,
        o.plan_kind,
        -- The row with the newest version of the plan names the investor and the project.
        (array_agg(o.investor_code order by o.is_carried_over, o.effective_on desc))[1] as investor_code,
        (array_agg(o.investor_name order by o.is_carried_over, o.effective_on desc))[1] as investor_name,
        (array_agg(o.project_name order by o.is_carried_over, o.effective_on desc))[1] as project_name,
        (array_agg(o.received_unit_vnd order by o.is_carried_over, o.effective_on desc))[1] as received_unit_vnd,
        (array_agg(o.load_id order by o.is_carried_over, o.effective_on desc))[1] as load_id,
        sum(o.carried_over_vnd) filter (where o.is_carried_over) as carried_over_plan_vnd,
        sum(o.completed_vnd + o.advance_vnd) filter (where o.is_carried_over) as carried_over_paid_vnd
    from core.disbursement as o
    group by o.source, o.budget_year, o.closed_on, o.project_code, o.fund_code, o.plan_kind
) as d
left join core.disbursement_in_force as f
    on
        (d.source, d.budget_year, d.closed_on, d.project_code, d.fund_code, d.plan_kind)
        = (f.source, f.budget_year, f.closed_on, f.project_code, f.fund_code, f.plan_kind);
comment on view mart.disbursement is 'Disbursement by investor, project, source of funds and kind of plan at each closing, against the plan in force on that day. Capital carried over has its own columns.';
-- A column means here the same as in the table.
select ops.copy_comments('mart.disbursement', 'core.disbursement');
select ops.copy_comments('mart.disbursement', 'core.disbursement_in_force');
comment on column mart.disbursement.closed_on is 'Closing day: amounts are cumulative from 1 January of the budget year to it.';
comment on column mart.disbursement.plan_vnd is 'Plan in force on the closing day, in đồng; 0 when no version is in force yet, NULL where all capital is carried over.';
comment on column mart.disbursement.paid_vnd is 'Completed work and advances together, in đồng; falls when advances are recovered or payments reversed.';
comment on column mart.disbursement.rate_pct is 'Rate of disbursement, paid_vnd × 100 ÷ plan_vnd, unrounded; NULL without a plan.';
comment on column mart.disbursement.carried_over_plan_vnd is 'Capital carried over from earlier years, in đồng: in no rate. NULL where there is none.';
comment on column mart.disbursement.carried_over_paid_vnd is 'Payments from capital carried over, in đồng.';
comment on column mart.disbursement.load_id is 'Load that brought the newest version of the plan.';
grant select on mart.disbursement to cchc_loader, cchc_analyst;
