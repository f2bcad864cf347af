-- Takes the staged rows and rule violations of a load.
-- Leaves nothing; answers with up to five rejected rows and their rules, for the message that explains a stop.
select s.row_key || ' (' || string_agg(v.rule_id, ', ' order by v.rule_id) || ')' as example
from staging.rule_violation as v
inner join staging.staged_row as s on v.load_id = s.load_id and v.row_no = s.row_no
where v.load_id = %(load_id)s and v.severity = 'warning'
group by s.row_key
order by s.row_key
limit 5;
