-- Takes the staged, audited rows of a load of the portal.
-- Leaves core.portal_statistic with its accepted rows, with the flags of the source and of the audit.
merge into core.portal_statistic as c
using (
    select
        s.*,
        a.quality_flags
    from staging.national_portal_statistic as s
    inner join staging.accepted_row as a on s.load_id = a.load_id and s.row_no = a.row_no
    where s.load_id = %(load_id)s
) as n
    on
        c.source = %(source)s
        and c.data_date = %(data_date)s
        and c.period = %(period)s
        and c.period_start = %(window_start)s
        and c.metric = n.metric
        and c.department_id = n.department_id
when matched and (c.numerator, c.denominator, c.ratio, c.score, c.max_score, c.quality_flags, c.load_id)
is distinct from (n.numerator, n.denominator, n.ratio, n.score, n.max_score, n.quality_flags, n.load_id) then
    update set
        numerator = n.numerator,
        denominator = n.denominator,
        ratio = n.ratio,
        score = n.score,
        max_score = n.max_score,
        quality_flags = n.quality_flags,
        load_id = n.load_id
when not matched then
    insert (
        source, data_date, period, period_start, metric, department_id, entity, is_root, numerator, denominator,
        ratio, score, max_score, quality_flags, load_id
    )
    values (
        %(source)s, %(data_date)s, %(period)s, %(window_start)s, n.metric, n.department_id, %(entity)s, n.is_root,
        n.numerator, n.denominator, n.ratio, n.score, n.max_score, n.quality_flags, n.load_id
    );
