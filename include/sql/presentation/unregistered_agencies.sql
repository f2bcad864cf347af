-- Takes core.agency.
-- Leaves nothing.
-- Answers with the agencies that occur in data and are missing in the catalog.
select
    a.agency_code,
    a.name_vi,
    a.level,
    a.first_seen_on
from core.agency as a
where not a.is_in_catalog
order by a.agency_code;
