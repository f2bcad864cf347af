-- What was evaluated while %(day)s was the newest day is looked at again: alerts of other days were held against it.
update ops.alert_watermark as m set
    change_id = least(
        m.change_id,
        (select min(c.change_id) - 1 from ops.changed_result as c where c.as_of_date = %(day)s)
    ),
    watched_since = case when m.watched_since is distinct from %(day)s then m.watched_since end
where m.province_code = %(province)s;
