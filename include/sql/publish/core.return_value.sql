-- Takes the staged, audited rows of a file of returns, sheet ChiTieu.
-- Leaves its accepted values in core.return_value, beside earlier reports: measures/returns.sql decides which one
-- counts.
insert into core.return_value (
    load_id, row_no, source, indicator_code, agency_code, period, period_start, period_end, numerator, denominator,
    evidence, note, quality_flags, reported_on, modified_at, content_sha256
)
select
    s.load_id,
    s.row_no,
    %(source)s as source,
    s.code as indicator_code,
    s.agency_code,
    s.period,
    s.period_start,
    s.period_end,
    s.numerator,
    s.denominator,
    s.evidence,
    s.note,
    a.quality_flags,
    %(data_date)s as reported_on,
    %(modified_at)s as modified_at,
    %(content_sha256)s as content_sha256
from staging.returns_row as s
inner join staging.accepted_row as a on s.load_id = a.load_id and s.row_no = a.row_no
where
    s.load_id = %(load_id)s
    and s.sheet = 'ChiTieu'
on conflict (load_id, row_no) do nothing;
