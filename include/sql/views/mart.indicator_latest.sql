create or replace view mart.indicator_latest as
select distinct on (i.province_code, i.plan_year, i.indicator_code, i.variant) i.*
from mart.indicator as i
order by i.province_code, i.plan_year, i.indicator_code, i.variant, i.valid_from desc;
comment on view mart.indicator_latest is 'The newest version of each indicator and variant in each plan.';
-- A column means here what it means there.
select ops.copy_comments('mart.indicator_latest', 'mart.indicator');
grant select on mart.indicator_latest to cchc_loader, cchc_analyst;
