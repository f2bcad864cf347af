-- Takes mart.task, mart.task_agency and core.task_report for the days %(first_day)s to %(last_day)s.
-- Leaves mart.task_status with every task of the plan of the day's year, for every agency on the map that answers for
-- it or has reported it.
-- A status is not computed from the day before: a late report changes earlier days, in whatever order files come.
create temporary table new_status on commit drop as
with day as (
    select d.as_of_date::date as as_of_date
    from generate_series(%(first_day)s::timestamp, %(last_day)s::timestamp, interval '1 day') as d (as_of_date)
),

task as (
    select
        d.as_of_date,
        t.*
    from day as d
    inner join mart.task as t on extract(year from d.as_of_date) = t.plan_year
    where t.province_code = %(province)s
),

answering as (
    select
        t.as_of_date,
        t.task_code,
        a.agency_code
    from task as t
    inner join mart.task_agency as a
        on
            t.province_code = a.province_code
            and t.plan_year = a.plan_year
            and t.task_code = a.task_code
            and t.as_of_date >= a.valid_from
            and (a.valid_to is null or t.as_of_date < a.valid_to)
),

-- A status holds from the day of its report, a completion from the day on which it happened.
task_report as (
    select
        r.*,
        coalesce(r.done_on, r.reported_on) as holds_from
    from core.task_report as r
    where
        r.plan_year between extract(year from %(first_day)s::date) and extract(year from %(last_day)s::date)
        and r.province_code = %(province)s
),

-- The newest of the reports that hold on a day wins: a report ends where any newer one begins.
report as (
    select
        t.*,
        min(t.holds_from) over (
            partition by t.plan_year, t.task_code, t.agency_code
            order by t.reported_on, t.modified_at, t.content_sha256, t.row_no
            rows between 1 following and unbounded following
        ) as holds_until
    from task_report as t
),

agency as (
    select
        d.as_of_date,
        g.agency_code
    from day as d
    inner join core.agency as g
        on d.as_of_date >= g.valid_from and (g.valid_to is null or d.as_of_date < g.valid_to)
    where g.province_code = %(province)s and g.agency_code <> %(province)s
    union all
    select
        d.as_of_date,
        %(province)s as agency_code
    from day as d
),

reported as (
    select
        g.as_of_date,
        r.task_code,
        r.agency_code,
        r.status,
        r.done_on,
        r.evidence,
        r.load_id
    from agency as g
    inner join report as r
        on
            g.agency_code = r.agency_code
            and extract(year from g.as_of_date) = r.plan_year
            and g.as_of_date >= r.holds_from
            and (r.holds_until is null or g.as_of_date < r.holds_until)
),

current as (
    select
        r.done_on,
        r.evidence,
        r.load_id,
        coalesce(a.as_of_date, r.as_of_date) as as_of_date,
        coalesce(a.task_code, r.task_code) as task_code,
        coalesce(a.agency_code, r.agency_code) as agency_code,
        coalesce(r.status, 'no_data') as status
    from answering as a
    full join reported as r
        on a.as_of_date = r.as_of_date and a.task_code = r.task_code and a.agency_code = r.agency_code
)

select
    c.*,
    t.plan_year,
    t.due_on,
    %(run_id)s as run_id,
    clock_timestamp() as computed_at,
    coalesce(is_open.is_true and t.due_on < t.as_of_date, false) as is_overdue,
    coalesce(is_open.is_true and t.due_on - t.as_of_date between 0 and t.due_soon_days, false) as is_due_soon
from current as c
inner join task as t on c.as_of_date = t.as_of_date and c.task_code = t.task_code
cross join lateral (select c.status not in ('done', 'not_applicable') as is_true) as is_open;

delete from mart.task_status as s
where
    s.as_of_date between %(first_day)s and %(last_day)s
    and s.province_code = %(province)s
    and not exists (
        select from new_status as n
        where
            n.as_of_date = s.as_of_date
            and n.plan_year = s.plan_year
            and n.task_code = s.task_code
            and n.agency_code = s.agency_code
    );

select ops.merge_rows('mart.task_status', 'new_status', '{run_id, computed_at}');

drop table new_status;
