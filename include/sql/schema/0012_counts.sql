-- What an indicator counts, and whether its share may exceed 100 %. The default is for rows from before this migration:
-- the sync of the next run brings them to the catalog.
alter table mart.indicator
add column counts text not null default 'whole' check (counts in ('whole', 'amount', 'rate')),
add column may_exceed_100 boolean not null default false;
update mart.indicator set counts = 'amount', may_exceed_100 = true
where source = 'treasury';
alter table mart.indicator alter column counts drop default;
comment on column mart.indicator.counts is 'What numerator and denominator are: whole (counts of whole things), amount (money or another quantity that has fractions) or rate (a survey, reported as a percentage).';
comment on column mart.indicator.may_exceed_100 is 'True: numerator may be greater than denominator, the row is judged and flagged over_100. False: such a share is invalid.';
