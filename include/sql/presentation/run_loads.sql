-- Takes ops.load; `source`, `run_id` and `day`, the data date, name the run.
-- Leaves nothing.
-- Answers with the loads of the run, and those of its data date: a run that is repeated loads nothing twice.
select l.*
from ops.load as l
where
    l.source = %(source)s
    and (l.run_id = %(run_id)s or (l.data_date = %(day)s and l.status <> 'failed'))
order by l.finished_at;
