-- Takes the members of roles.
-- Leaves nothing; answers with the memberships that give one of `roles` more rights than its own, or another role the
-- rights of one of them. Membership in the analysts' role gives nothing more than reading.
select
    r.rolname as role,
    m.rolname as member,
    g.rolname as grantor
from pg_auth_members as a
inner join pg_roles as r on a.roleid = r.oid
inner join pg_roles as m on a.member = m.oid
inner join pg_roles as g on a.grantor = g.oid
where m.rolname = any(%(roles)s) or (r.rolname = any(%(roles)s) and r.rolname <> %(analyst)s)
