-- Takes new_state.
-- Leaves ops.alert_state with its rows; states of other series stay.
select ops.merge_rows('ops.alert_state', 'new_state');

drop table new_state;
