-- What a withdrawal takes out has to be computed again, and no load is left that brought it.
alter table ops.touched_days alter column load_id drop not null;
comment on column ops.touched_days.load_id is 'The load that changed something; NULL: loads were withdrawn.';
