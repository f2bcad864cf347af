-- The province's name, and the numbers of a recipient's alerts that are open or acknowledged.
select
    coalesce(
        (
            select g.name_vi from core.agency_catalog as g
            where g.agency_code = %(province)s
            order by g.valid_from desc
            limit 1
        ),
        %(province)s
    ) as province_name_vi,
    count(*) filter (where a.status = 'open') as open_count,
    count(*) filter (where a.status = 'acknowledged') as acknowledged_count
from ops.alert as a
where
    a.province_code = %(province)s
    and a.audience = %(audience)s
    and a.status <> 'resolved'
    and exists (
        select from ops.alert_step as s
        inner join ops.notification as n on s.step_id = n.step_id
        where s.alert_id = a.alert_id and n.recipient = %(recipient)s
    );
