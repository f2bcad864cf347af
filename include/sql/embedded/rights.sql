-- Takes the rights on `databases`.
-- Leaves nothing; answers with the rights of each role but the owner, "<role> <privilege>", PUBLIC for everybody.
select
    d.datname,
    array(
        select concat_ws(' ', coalesce(r.rolname, 'PUBLIC'), a.privilege_type)
        from aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as a
        left join pg_roles as r on a.grantee = r.oid
        where a.grantee <> d.datdba and (a.grantee = 0 or r.rolname = any(%(roles)s))
        order by 1
    ) as rights
from pg_database as d
where d.datname = any(%(databases)s)
