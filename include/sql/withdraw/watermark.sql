-- Takes the changed results of `day`.
-- Leaves the watermark of `province` before them: while `day` was the newest day, alerts of other days were evaluated
-- against it, and are evaluated again.
update ops.alert_watermark as m set
    change_id = least(
        m.change_id,
        (select min(c.change_id) - 1 from ops.changed_result as c where c.as_of_date = %(day)s)
    ),
    evaluated_since = case when m.evaluated_since is distinct from %(day)s then m.evaluated_since end
where m.province_code = %(province)s;
