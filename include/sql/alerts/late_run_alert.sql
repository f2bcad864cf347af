-- Whether an alert about late runs covers a data date, open or resolved.
select count(*) > 0 as is_covered
from ops.alert as a
where
    a.kind = 'run_late'
    and a.province_code = %(province)s
    and a.began_on <= %(day)s
    and coalesce(a.resolved_on, 'infinity') >= %(day)s;
