-- The base of every rate of disbursement, computed in one place: measures/treasury.sql sums it, mart.disbursement
-- shows it.
create or replace view core.disbursement_in_force as
select
    d.source,
    d.budget_year,
    d.closed_on,
    d.project_code,
    d.fund_code,
    d.plan_kind,
    p.effective_on,
    p.decision_no,
    d.completed_vnd,
    d.advance_vnd,
    d.completed_vnd + d.advance_vnd as paid_vnd,
    coalesce(p.plan_vnd, 0) as plan_vnd
from (
    select
        o.source,
        o.budget_year,
        o.closed_on,
        o.project_code,
        o.fund_code,
        o.plan_kind,
        sum(o.completed_vnd) as completed_vnd,
        sum(o.advance_vnd) as advance_vnd
    from core.disbursement as o
    where not o.is_carried_over
    group by o.source, o.budget_year, o.closed_on, o.project_code, o.fund_code, o.plan_kind
) as d
-- A version may be reported long before it takes effect and not be reported again afterwards: all closings so far
-- count.
left join lateral (
    select
        v.plan_vnd,
        v.effective_on,
        v.decision_no
    from core.disbursement as v
    where
        v.source = d.source
        and v.budget_year = d.budget_year
        and v.project_code = d.project_code
        and v.fund_code = d.fund_code
        and v.plan_kind = d.plan_kind
        and not v.is_carried_over
        and v.effective_on <= d.closed_on
        and v.closed_on <= d.closed_on
    order by v.effective_on desc, v.closed_on desc
    limit 1
) as p on true;
comment on view core.disbursement_in_force is 'Payments of each project, fund and kind of plan at each closing, beside the version of the plan in force on that day. Capital carried over is left out.';
-- A column means here the same as in the table.
select ops.copy_comments('core.disbursement_in_force', 'core.disbursement');
comment on column core.disbursement_in_force.plan_vnd is 'Plan in force on the closing day, in đồng: the newest version effective by then, as reported by then; 0 when none is in force yet.';
comment on column core.disbursement_in_force.effective_on is 'First day on which that version is in force; NULL: none is.';
comment on column core.disbursement_in_force.paid_vnd is 'Completed work and advances together, in đồng.';
grant select on core.disbursement_in_force to cchc_loader, cchc_analyst;
