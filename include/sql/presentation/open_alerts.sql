-- Takes ops.alert; `province` is the root agency's code.
-- Leaves nothing.
-- Answers with the number of open alerts of each kind, the most frequent kind first.
select
    a.kind,
    count(*) as alerts
from ops.alert as a
where a.province_code = %(province)s and a.status <> 'resolved'
group by a.kind
order by alerts desc, a.kind;
