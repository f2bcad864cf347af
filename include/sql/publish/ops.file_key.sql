-- Takes the staged, audited rows of a load.
-- Leaves the keys of its accepted rows in ops.file_key, if it is a file: its sender is notified of keys that a newer
-- file replaces. Answers of a source have no sender.
insert into ops.file_key (load_id, correction_key)
select distinct
    s.load_id,
    s.correction_key
from staging.staged_row as s
inner join staging.accepted_row as a on s.load_id = a.load_id and s.row_no = a.row_no
where
    s.load_id = %(load_id)s
    and %(is_file)s
    and s.correction_key is not null
on conflict (load_id, correction_key) do nothing;
