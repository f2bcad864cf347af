-- Takes the server's roles.
-- Leaves nothing; answers with each of `roles`: whether it is an ordinary login, and its settings,
-- "<database>/<name>=<value>".
select
    r.rolname,
    r.rolpassword,
    r.rolconnlimit,
    r.rolcanlogin
    and r.rolinherit
    and not (r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolreplication or r.rolbypassrls)
    and coalesce(r.rolvaliduntil, 'infinity') = 'infinity' as is_plain,
    array(
        select concat(d.datname, '/', t.setting)
        from pg_db_role_setting as s
        left join pg_database as d on s.setdatabase = d.oid
        cross join unnest(s.setconfig) as t (setting)
        where s.setrole = r.oid
        order by 1
    ) as settings
from pg_authid as r
where r.rolname = any(%(roles)s)
