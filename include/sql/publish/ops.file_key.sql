-- The keys of a file's accepted rows. Answers of a source have none here: nobody is to be told what replaces them.
insert into ops.file_key (load_id, correction_key)
select distinct
    s.load_id,
    s.correction_key
from staging.staged_row as s
inner join staging.accepted_row as a on s.load_id = a.load_id and s.row_no = a.row_no
where
    s.load_id = %(load_id)s
    and %(period)s = 'file'
    and s.correction_key is not null
on conflict (load_id, correction_key) do nothing;
