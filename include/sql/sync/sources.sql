-- Takes the sources and entities of the profiles, as lists of the same length.
-- Leaves a row of ops.source for each of them, as its profile describes it.
insert into ops.source (source, entity, name_vi, connection, allowed_delay_days)
select
    p.source,
    p.entity,
    p.name_vi,
    p.connection,
    p.allowed_delay_days
from
    unnest(
        %(sources)s::text[],
        %(entities)s::text[],
        %(names_vi)s::text[],
        %(connections)s::text[],
        %(allowed_delay_days)s::int[]
    ) as p (source, entity, name_vi, connection, allowed_delay_days)
on conflict (source, entity) do update set
    name_vi = excluded.name_vi,
    connection = excluded.connection,
    allowed_delay_days = excluded.allowed_delay_days;
