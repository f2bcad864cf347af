-- Moves the watermark of a province to the last change that was evaluated.
insert into ops.alert_watermark (province_code, change_id, evaluated_since, evaluated_at)
values (%(province)s, %(change_id)s, %(evaluated_since)s, %(now)s)
on conflict (province_code) do update set
    change_id = excluded.change_id,
    evaluated_since = excluded.evaluated_since,
    evaluated_at = excluded.evaluated_at;
