-- What a figure that is judged at year's end should be by each day.
alter table mart.indicator
add column milestone_days date[] not null default '{}',
add column milestone_values numeric[] not null default '{}',
add check (cardinality(milestone_days) = cardinality(milestone_values));
comment on column mart.indicator.milestone_days is 'Days by whose end the value should have reached milestone_values, in order; of plan_year. Empty: the plan sets no milestones.';
comment on column mart.indicator.milestone_values is 'One for each of milestone_days, in unit_vi.';

comment on column mart.indicator_attainment.pace_target is 'What the value should be at the end of as_of_date: by the plan''s milestones, else as the province came along in an earlier year, else in a straight line to target. NULL: not judged at year''s end, or no target is known.';
comment on column mart.indicator_attainment.pace_status is 'on_track (attained, or pending with at least pace_target), behind, or none (no pace, or no figure to compare); compared unrounded.';
