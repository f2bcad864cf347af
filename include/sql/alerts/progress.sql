-- How far the results of a province and the evaluation of its alerts are; days after %(newest)s aren't over.
select
    (
        select max(a.as_of_date) from mart.indicator_attainment as a
        where a.agency_code = %(province)s and a.as_of_date <= %(newest)s
    ) as day,
    (select w.evaluated_since from ops.alert_watermark as w where w.province_code = %(province)s) as evaluated_since,
    coalesce((select w.change_id from ops.alert_watermark as w where w.province_code = %(province)s), 0) as evaluated,
    coalesce((select max(c.change_id) from ops.changed_result as c), 0) as changed,
    coalesce((select max(s.step_id) from ops.alert_step as s), 0) as step;
