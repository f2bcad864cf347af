-- Takes the staged, audited rows of a load of the e-office.
-- Leaves core.office_unit_day with the newest report of each agency and day, in whatever order loads come; answers with
-- the rows made or changed. Their flags are those of the source and of the audit.
-- load_id changes only where another column does, so that a day reported again unchanged makes no dirty date.
merge into core.office_unit_day as c
using (
    select
        s.*,
        a.quality_flags
    from staging.eoffice_unit_day as s
    inner join staging.accepted_row as a on s.load_id = a.load_id and s.row_no = a.row_no
    where s.load_id = %(load_id)s
) as n
    on c.source = %(source)s and c.agency_code = n.agency_code and c.day = n.day
when matched and (c.reported_on, c.content_sha256) < (%(data_date)s, %(content_sha256)s) then
    update set
        agency_name = n.agency_name,
        received = n.received,
        received_electronic = n.received_electronic,
        received_digitised = n.received_digitised,
        sent = n.sent,
        sent_without_paper = n.sent_without_paper,
        sent_with_paper = n.sent_with_paper,
        sent_on_paper = n.sent_on_paper,
        secret = n.secret,
        processed_online = n.processed_online,
        work_files = n.work_files,
        work_files_online = n.work_files_online,
        quality_flags = n.quality_flags,
        reported_on = %(data_date)s,
        content_sha256 = %(content_sha256)s,
        load_id = case
            when (
                c.agency_name, c.received, c.received_electronic, c.received_digitised, c.sent, c.sent_without_paper,
                c.sent_with_paper, c.sent_on_paper, c.secret, c.processed_online, c.work_files, c.work_files_online,
                c.quality_flags
            ) is distinct from (
                n.agency_name, n.received, n.received_electronic, n.received_digitised, n.sent, n.sent_without_paper,
                n.sent_with_paper, n.sent_on_paper, n.secret, n.processed_online, n.work_files, n.work_files_online,
                n.quality_flags
            ) then n.load_id
            else c.load_id
        end
when not matched then
    insert (
        source, agency_code, day, agency_name, received, received_electronic, received_digitised, sent,
        sent_without_paper, sent_with_paper, sent_on_paper, secret, processed_online, work_files, work_files_online,
        quality_flags, reported_on, content_sha256, load_id
    )
    values (
        %(source)s, n.agency_code, n.day, n.agency_name, n.received, n.received_electronic, n.received_digitised,
        n.sent, n.sent_without_paper, n.sent_with_paper, n.sent_on_paper, n.secret, n.processed_online, n.work_files,
        n.work_files_online, n.quality_flags, %(data_date)s, %(content_sha256)s, n.load_id
    );

-- The rows made or changed.
select
    agency_code,
    day
from core.office_unit_day
where load_id = %(load_id)s;
