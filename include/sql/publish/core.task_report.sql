-- Takes the staged, audited rows of a file of returns, sheet NhiemVu. The audit view gives the plan of each task.
-- Leaves its accepted statuses in core.task_report, beside earlier reports: the computation of task statuses decides
-- which one counts.
select set_config('cchc.load_ids', %(load_id)s::text, true);

insert into core.task_report (
    load_id, row_no, source, plan_year, task_code, agency_code, status, done_on, evidence, quality_flags, reported_on,
    modified_at, content_sha256
)
select
    s.load_id,
    s.row_no,
    %(source)s as source,
    s.plan_year,
    s.code as task_code,
    s.agency_code,
    s.status,
    s.done_on,
    s.evidence,
    a.quality_flags,
    %(data_date)s as reported_on,
    %(modified_at)s as modified_at,
    %(content_sha256)s as content_sha256
from staging.returns_row_audit as s
inner join staging.accepted_row as a on s.load_id = a.load_id and s.row_no = a.row_no
where
    s.sheet = 'NhiemVu'
on conflict (load_id, row_no) do nothing;
