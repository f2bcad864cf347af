-- What a withdrawal takes out has to be computed again, and no load is left that brought it.
alter table ops.dirty_date alter column load_id drop not null;
comment on column ops.dirty_date.load_id is 'The load that changed something; NULL: loads were withdrawn.';
