-- What a sender's cells showed, so that the audit can judge it and the quarantine can name it.
-- The views over these tables are made again by include/sql/views/, with the new columns.
drop view if exists
staging.returns_response_audit, staging.returns_row_audit, staging.treasury_response_audit, staging.treasury_row_audit;

alter table staging.returns_response add column delimiter text;
alter table staging.treasury_response add column delimiter text;
comment on column staging.returns_response.delimiter is 'What separates the columns of a text file: a comma, a semicolon or a tab; NULL for workbooks.';
comment on column staging.treasury_response.delimiter is 'What separates the columns of a text file: a comma, a semicolon or a tab; NULL for workbooks and the API.';

do $$
declare
    target text;
begin
    foreach target in array array['staging.treasury_row', 'staging.returns_row'] loop
        execute format(
            'alter table %s add column cells jsonb, add column field_count int,'
            ' add column unseen text[], add column percent text[], add column ambiguous_numbers text[]', target
        );
        execute format('comment on column %s.cells is %L', target, 'Heading → cell of the file (sheet and address) and what it shows; NULL for rows of an API.');
        execute format('comment on column %s.field_count is %L', target, 'Fields of a row of a text file, where the headings are of another number: nothing of the row is read. Else NULL.');
        execute format('comment on column %s.unseen is %L', target, 'Headings of cells of which a reader sees another value than the file holds: hidden, merged, or by their format; their values are not read. NULL if none.');
        execute format('comment on column %s.percent is %L', target, 'Headings of numbers that are shown with a percent sign; the value is the number before it. NULL if none.');
        execute format('comment on column %s.ambiguous_numbers is %L', target, 'Numbers whose one mark groups thousands or begins decimals, with what they show; the value is the Vietnamese reading. NULL if none.');
    end loop;
end
$$;

alter table ops.quarantine add column cells jsonb;
comment on column ops.quarantine.cells is 'Of a row of a file: heading → cell (sheet and address) and what was read in it, for the fields that the broken rules look at. NULL for rows of an API.';
grant select (cells) on ops.quarantine to cchc_analyst;
