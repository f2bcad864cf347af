-- Takes core.disbursement_in_force for the closings %(first_day)s to %(last_day)s.
-- Leaves new_measure for merge.sql: the province's payments and the plans in force. A kind of plan without rows at a
-- closing has no measure.
-- Capital carried over is in neither. The council's plan contains the Prime Minister's; each payment is on one row.
create temporary table new_measure on commit drop as
with closing as (
    select
        d.budget_year,
        d.closed_on,
        sum(d.paid_vnd) filter (where d.plan_kind = 'TTG') as ttg_paid_vnd,
        sum(d.plan_vnd) filter (where d.plan_kind = 'TTG') as ttg_plan_vnd,
        sum(d.paid_vnd) as paid_vnd,
        sum(d.plan_vnd) filter (where d.plan_kind = 'HDND') as council_plan_vnd
    from core.disbursement_in_force as d
    where d.source = %(source)s and d.closed_on between %(first_day)s and %(last_day)s
    group by d.budget_year, d.closed_on
),

-- Reports that were published without some of their rows: their closings may lack something.
incomplete as (
    select distinct
        l.data_date,
        l.content_sha256
    from ops.quarantine as q
    inner join ops.load as l on q.load_id = l.load_id
    where q.source = %(source)s and q.resolved_at is null
),

reported as (
    select
        d.budget_year,
        d.closed_on,
        d.plan_kind,
        l.load_id,
        l.data_date,
        coalesce(l.modified_at, l.captured_at) as modified_at,
        l.content_sha256,
        d.quality_flags || case when i.data_date is not null then array['rows_rejected'] end as flags
    from core.disbursement as d
    inner join ops.load as l on d.load_id = l.load_id
    -- By the report that the row comes from now: load_id is that of the first report with the same values.
    left join incomplete as i on d.reported_on = i.data_date and d.content_sha256 = i.content_sha256
    where d.source = %(source)s and d.closed_on between %(first_day)s and %(last_day)s and not d.is_carried_over
),

metric_origin as (
    select
        t.budget_year,
        t.closed_on,
        k.metric,
        -- A sum comes from many loads: the newest report stands for them.
        (array_agg(
            t.load_id
            order by t.data_date desc, t.modified_at desc nulls last, t.content_sha256 desc, t.load_id desc
        ))[1] as load_id,
        array_remove(array_agg(distinct f.flag order by f.flag), null) as flags
    from reported as t
    inner join (
        values
        ('disbursement', 'TTG'),
        ('council_plan_disbursement', 'TTG'),
        ('council_plan_disbursement', 'HDND')
    ) as k (metric, plan_kind) on t.plan_kind = k.plan_kind
    left join unnest(t.flags) as f (flag) on true
    group by t.budget_year, t.closed_on, k.metric
)

select
    c.closed_on as day,
    'ytd' as period,
    c.budget_year as figure_year,
    false as is_increment,
    %(source)s || '.' || m.metric || '.' || m.part as measure_code,
    %(province)s as agency_code,
    m.value,
    c.closed_on as data_date,
    c.closed_on + %(allowed_delay_days)s as fresh_until,
    o.load_id,
    o.flags as quality_flags
from closing as c
cross join lateral (
    values
    ('disbursement', 'numerator', c.ttg_paid_vnd),
    ('disbursement', 'denominator', c.ttg_plan_vnd),
    ('council_plan_disbursement', 'numerator', case when c.council_plan_vnd is not null then c.paid_vnd end),
    ('council_plan_disbursement', 'denominator', c.council_plan_vnd)
) as m (metric, part, value)
inner join metric_origin as o on c.budget_year = o.budget_year and c.closed_on = o.closed_on and m.metric = o.metric
where m.value is not null;
