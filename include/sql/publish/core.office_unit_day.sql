-- Takes the staged, audited rows of a load of the e-office.
-- Leaves core.office_unit_day with the newest report of each agency and day, in whatever order loads come; answers with
-- the rows made or changed. Their flags are those of the source and of the audit.
-- load_id changes only where another column does, so that a day reported again unchanged makes no dirty date.
create temporary table new_office_unit_day on commit drop as
select
    s.*,
    %(source)s as source,
    a.quality_flags,
    %(data_date)s as reported_on,
    %(content_sha256)s as content_sha256
from staging.eoffice_unit_day as s
inner join staging.accepted_row as a on s.load_id = a.load_id and s.row_no = a.row_no
where s.load_id = %(load_id)s;

select ops.merge_reports('core.office_unit_day', 'new_office_unit_day');

drop table new_office_unit_day;

select
    agency_code,
    day
from core.office_unit_day
where load_id = %(load_id)s;
