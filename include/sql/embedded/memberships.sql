-- Memberships that give one of the roles more than it has by itself, or another role what only one of them has.
select
    r.rolname as role,
    m.rolname as member,
    g.rolname as grantor
from pg_auth_members as a
inner join pg_roles as r on a.roleid = r.oid
inner join pg_roles as m on a.member = m.oid
inner join pg_roles as g on a.grantor = g.oid
where m.rolname = any(%(roles)s) or (r.rolname = any(%(roles)s) and r.rolname <> %(analyst)s)
