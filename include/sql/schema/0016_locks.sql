-- Locks that only the loader can take: a row is locked for update, which needs the right to update. Anybody who can
-- connect can hold an advisory lock.
create table ops.lock (
    name text primary key
);
comment on table ops.lock is 'A row for each lock of the runs. The transaction that holds the row FOR UPDATE holds the lock.';
comment on column ops.lock.name is 'What the lock is of: attain, catalog, sources, compose, deliver, publish or ask and a source.';
grant select, insert, update on ops.lock to cchc_loader;

-- Temporary tables of an analyst could fill the disk. Only the owner of the database can say who may make them.
do $$
begin
    if
        has_database_privilege('cchc_analyst', current_database(), 'temporary')
        and pg_has_role((select datdba from pg_database where datname = current_database()), 'usage')
    then
        execute format('revoke temporary on database %I from public, cchc_analyst', current_database());
        execute format('grant temporary on database %I to cchc_loader', current_database());
    end if;
end
$$;
