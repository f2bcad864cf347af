-- What changed, what was told of it to whom, and what was answered.
create table ops.changed_result (
    change_id bigint generated always as identity primary key,
    as_of_date date not null,
    plan_year int not null,
    indicator_code text not null,
    variant text not null,
    agency_code text not null,
    change text not null check (change in ('inserted', 'updated', 'deleted')),
    run_id text not null,
    changed_at timestamptz not null default clock_timestamp()
);
comment on table ops.changed_result is 'Every change of mart.indicator_attainment, in order: who works on changes keeps the last change_id it has seen.';
comment on column ops.changed_result.change_id is 'Order of the changes; they are made one transaction after another.';
comment on column ops.changed_result.as_of_date is 'Key of the row.';
comment on column ops.changed_result.plan_year is 'Key of the row.';
comment on column ops.changed_result.indicator_code is 'Key of the row.';
comment on column ops.changed_result.variant is 'Key of the row.';
comment on column ops.changed_result.agency_code is 'Key of the row.';
comment on column ops.changed_result.change is 'inserted, updated or deleted.';
comment on column ops.changed_result.run_id is 'Airflow run that wrote the row; of a deleted row, the run that had written it.';
comment on column ops.changed_result.changed_at is 'When.';

-- Whoever inserts, updates, merges or deletes, the change is told; a key is never updated.
create function ops.record_changed_results() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
    insert into ops.changed_result (as_of_date, plan_year, indicator_code, variant, agency_code, change, run_id)
    select
        c.as_of_date,
        c.plan_year,
        c.indicator_code,
        c.variant,
        c.agency_code,
        tg_argv[0],
        c.run_id
    from changed as c;
    return null;
end
$$;
comment on function ops.record_changed_results is 'Notes the rows of one statement in ops.changed_result.';
create trigger record_inserted after insert on mart.indicator_attainment
referencing new table as changed for each statement execute function ops.record_changed_results('inserted');
create trigger record_updated after update on mart.indicator_attainment
referencing new table as changed for each statement execute function ops.record_changed_results('updated');
create trigger record_deleted after delete on mart.indicator_attainment
referencing old table as changed for each statement execute function ops.record_changed_results('deleted');

create table ops.alert_watermark (
    province_code text primary key,
    change_id bigint not null,
    watched_since date,
    evaluated_at timestamptz not null
);
comment on table ops.alert_watermark is 'How far the evaluation of alerts has read ops.changed_result; moved with what it told.';
comment on column ops.alert_watermark.province_code is 'Root agency.';
comment on column ops.alert_watermark.change_id is 'Last change evaluated.';
comment on column ops.alert_watermark.watched_since is 'Newest day at the first evaluation that wasn''t of an old night: turns long before it are history.';
comment on column ops.alert_watermark.evaluated_at is 'When.';

create table ops.alert_state (
    kind text not null,
    plan_year int not null,
    figure_year int not null,
    indicator_code text not null,
    variant text not null,
    agency_code text not null,
    evaluated_to_date date not null,
    last_day date not null,
    last_value numeric,
    is_armed boolean not null,
    streak int not null,
    streak_began_on date not null,
    open_began_on date,
    open_fired_on date,
    primary key (kind, plan_year, figure_year, indicator_code, variant, agency_code)
);
comment on table ops.alert_state is 'Where each watched cell stands: what the evaluation remembers from data day to data day (cchc/alerts/detection/episodes.py).';
comment on column ops.alert_state.kind is 'What is watched for, as in ops.alert.';
comment on column ops.alert_state.plan_year is 'The plan.';
comment on column ops.alert_state.figure_year is 'Year whose figures these are; with a new year the watch begins anew.';
comment on column ops.alert_state.indicator_code is 'Entry of the plan.';
comment on column ops.alert_state.variant is 'Its reading.';
comment on column ops.alert_state.agency_code is 'Agency.';
comment on column ops.alert_state.evaluated_to_date is 'Newest as_of_date taken in; a change at or before it has the year folded anew.';
comment on column ops.alert_state.last_day is 'Last day that counted.';
comment on column ops.alert_state.last_value is 'Value of that day.';
comment on column ops.alert_state.is_armed is 'Whether a bad turn would be told.';
comment on column ops.alert_state.streak is 'Successive good days (above 0) or bad days (below 0) up to last_day.';
comment on column ops.alert_state.streak_began_on is 'First day of the streak.';
comment on column ops.alert_state.open_began_on is 'First bad day of the turn that isn''t over; NULL: none.';
comment on column ops.alert_state.open_fired_on is 'Day that confirmed it.';

create table ops.alert (
    alert_id uuid primary key,
    kind text not null,
    severity text not null check (severity in ('info', 'warning', 'urgent')),
    audience text not null check (audience in ('performance', 'operators')),
    status text not null check (status in ('open', 'acknowledged', 'resolved')),
    province_code text not null,
    plan_year int,
    figure_year int,
    indicator_code text,
    variant text,
    agency_code text,
    task_code text,
    source text,
    subject text not null,
    began_on date not null,
    as_of_date date not null,
    is_notified boolean not null,
    suppressed_reason text,
    facts jsonb not null,
    opened_at timestamptz not null,
    acknowledged_by text,
    acknowledged_until date,
    acknowledged_why text,
    snoozed_until date,
    escalated_at timestamptz,
    resolved_on date,
    resolved_at timestamptz,
    resolution text check (resolution in ('recovered', 'withdrawn', 'closed')),
    check ((status = 'resolved') = (resolved_at is not null and resolution is not null))
);
create unique index alert_open on ops.alert (province_code, kind, subject) where status <> 'resolved';
create index alert_by_subject on ops.alert (province_code, kind, subject, began_on);
comment on table ops.alert is 'Each bad turn, once: opened, perhaps acknowledged or snoozed, resolved. Its steps: ops.alert_step.';
comment on column ops.alert.alert_id is 'Derived from kind, subject and the first day as found first: the same turn is the same alert, however often a night is run.';
comment on column ops.alert.kind is 'What turned: include/alerts/rules.yaml lists the kinds.';
comment on column ops.alert.severity is 'info, warning or urgent.';
comment on column ops.alert.audience is 'performance (leaders and agencies) or operators; one message never holds both.';
comment on column ops.alert.status is 'open, acknowledged (somebody has said what is done about it) or resolved.';
comment on column ops.alert.province_code is 'Root agency.';
comment on column ops.alert.plan_year is 'The plan; NULL where the alert is not about one.';
comment on column ops.alert.figure_year is 'Year whose figures turned.';
comment on column ops.alert.indicator_code is 'Entry of the plan.';
comment on column ops.alert.variant is 'Its reading.';
comment on column ops.alert.agency_code is 'Agency concerned.';
comment on column ops.alert.task_code is 'Task of the annex.';
comment on column ops.alert.source is 'Source profile.';
comment on column ops.alert.subject is 'What the alert is about, in one text: two alerts of one kind and subject are never open together.';
comment on column ops.alert.began_on is 'First day of the turn: data day of figures, else calendar day.';
comment on column ops.alert.as_of_date is 'Night that found it.';
comment on column ops.alert.is_notified is 'False: recorded, and told to nobody; suppressed_reason says why.';
comment on column ops.alert.suppressed_reason is 'Why it was told to nobody.';
comment on column ops.alert.facts is 'What was known when it was opened: value, target, change, contributions.';
comment on column ops.alert.opened_at is 'When.';
comment on column ops.alert.acknowledged_by is 'Who said what is done about it.';
comment on column ops.alert.acknowledged_until is 'Last day of that; afterwards it is open again. NULL: until it is resolved.';
comment on column ops.alert.acknowledged_why is 'What they said.';
comment on column ops.alert.snoozed_until is 'Nobody is told of it up to this day.';
comment on column ops.alert.escalated_at is 'When it was told to those above, having found no answer.';
comment on column ops.alert.resolved_on is 'Day that ended the turn.';
comment on column ops.alert.resolved_at is 'When that was found.';
comment on column ops.alert.resolution is 'recovered; withdrawn: the figures behind it were restated; closed, and told to nobody: its year, agency or task is over, days have gone by after a fall, or what could not be judged can be.';

create table ops.alert_step (
    step_id bigint generated always as identity primary key,
    alert_id uuid not null references ops.alert (alert_id),
    step text not null check (
        step in (
            'opened', 'reopened', 'acknowledged', 'lapsed', 'snoozed', 'escalated', 'resolved', 'withdrawn', 'closed'
        )
    ),
    as_of_date date,
    by_whom text,
    until_date date,
    why text,
    facts jsonb,
    noted_at timestamptz not null
);
create index alert_step_by_alert on ops.alert_step (alert_id);
comment on table ops.alert_step is 'The life of each alert, step by step.';
comment on column ops.alert_step.step_id is 'Order.';
comment on column ops.alert_step.alert_id is 'The alert.';
comment on column ops.alert_step.step is 'opened, reopened (a restatement undid its end), acknowledged, lapsed (the acknowledgement''s time is over), snoozed, escalated, resolved (recovered), withdrawn or closed.';
comment on column ops.alert_step.as_of_date is 'Night that found it; NULL: people did it.';
comment on column ops.alert_step.by_whom is 'Who; NULL: the evaluation.';
comment on column ops.alert_step.until_date is 'Last day of an acknowledgement or snooze.';
comment on column ops.alert_step.why is 'In words.';
comment on column ops.alert_step.facts is 'What was known then.';
comment on column ops.alert_step.noted_at is 'When.';

create table ops.message (
    message_id uuid primary key,
    recipient text not null,
    is_urgent boolean not null,
    subject text not null,
    body_text text not null,
    body_html text not null,
    status text not null check (status in ('waiting', 'sent', 'given_up')),
    tries int not null default 0,
    next_try_at timestamptz not null,
    last_error text,
    composed_at timestamptz not null,
    sent_at timestamptz
);
create index message_waiting on ops.message (next_try_at) where status = 'waiting';
comment on table ops.message is 'Outbox: what goes to whom. Not readable by analysts; addresses are in no table at all.';
comment on column ops.message.message_id is 'Travels with the message, so that one sent again after a crash is known as the same.';
comment on column ops.message.recipient is 'Entry of the recipients'' file, where its address is.';
comment on column ops.message.is_urgent is 'Sent at once, not with the digest.';
comment on column ops.message.subject is 'Subject line.';
comment on column ops.message.body_text is 'As plain text.';
comment on column ops.message.body_html is 'As HTML.';
comment on column ops.message.status is 'waiting, sent or given_up.';
comment on column ops.message.tries is 'How often it was tried.';
comment on column ops.message.next_try_at is 'When it is tried next.';
comment on column ops.message.last_error is 'Why the last try failed.';
comment on column ops.message.composed_at is 'When it was written.';
comment on column ops.message.sent_at is 'When the channel took it.';

create table ops.notification (
    notification_id bigint generated always as identity primary key,
    step_id bigint not null references ops.alert_step (step_id),
    recipient text not null,
    is_urgent boolean not null,
    due_at timestamptz not null,
    message_id uuid references ops.message (message_id),
    unique (step_id, recipient)
);
create index notification_waiting on ops.notification (due_at) where message_id is null;
comment on table ops.notification is 'Who is to be told of which step; written with the step, composed into a message when it is due.';
comment on column ops.notification.notification_id is 'Order.';
comment on column ops.notification.step_id is 'The step.';
comment on column ops.notification.recipient is 'Entry of the recipients'' file.';
comment on column ops.notification.is_urgent is 'Told at once, not with the digest.';
comment on column ops.notification.due_at is 'Not told before: quiet hours, working days, the digest''s hour.';
comment on column ops.notification.message_id is 'The message that told it; NULL: not composed yet.';

create table ops.attainment_run (
    province_code text not null,
    as_of_date date not null,
    run_id text not null,
    ready_at timestamptz not null,
    primary key (province_code, as_of_date)
);
comment on table ops.attainment_run is 'When the attainment of each night was first there.';
comment on column ops.attainment_run.province_code is 'Root agency.';
comment on column ops.attainment_run.as_of_date is 'The day attained.';
comment on column ops.attainment_run.run_id is 'Airflow run.';
comment on column ops.attainment_run.ready_at is 'When.';

create function ops.acknowledge_alert(
    alert uuid, by_whom text, why text, until_date date default null
) returns void
language plpgsql as $$
begin
    if coalesce(trim(by_whom), '') = '' or coalesce(trim(why), '') = '' then
        raise exception 'an acknowledgement says who and why';
    end if;
    update ops.alert as a
    set
        status = 'acknowledged',
        acknowledged_by = acknowledge_alert.by_whom,
        acknowledged_until = acknowledge_alert.until_date,
        acknowledged_why = acknowledge_alert.why
    where a.alert_id = acknowledge_alert.alert and a.status <> 'resolved';
    if not found then
        raise exception 'no open alert %', acknowledge_alert.alert;
    end if;
    insert into ops.alert_step (alert_id, step, by_whom, until_date, why, noted_at)
    values (
        acknowledge_alert.alert,
        'acknowledged',
        acknowledge_alert.by_whom,
        acknowledge_alert.until_date,
        acknowledge_alert.why,
        clock_timestamp()
    );
end
$$;
comment on function ops.acknowledge_alert is 'Somebody takes on an open alert: who, why, until when. It isn''t escalated meanwhile.';

create function ops.snooze_alert(alert uuid, by_whom text, why text, until_date date) returns void
language plpgsql as $$
begin
    if coalesce(trim(by_whom), '') = '' or coalesce(trim(why), '') = '' or snooze_alert.until_date is null then
        raise exception 'a snooze says who, why and until when';
    end if;
    update ops.alert as a
    set snoozed_until = snooze_alert.until_date
    where a.alert_id = snooze_alert.alert and a.status <> 'resolved';
    if not found then
        raise exception 'no open alert %', snooze_alert.alert;
    end if;
    insert into ops.alert_step (alert_id, step, by_whom, until_date, why, noted_at)
    values (
        snooze_alert.alert,
        'snoozed',
        snooze_alert.by_whom,
        snooze_alert.until_date,
        snooze_alert.why,
        clock_timestamp()
    );
end
$$;
comment on function ops.snooze_alert is 'Nobody is told of an open alert up to a day: who, why, until when.';

grant select, insert, update, delete on all tables in schema ops to cchc_loader;
grant select on ops.changed_result, ops.alert_watermark, ops.alert_state, ops.alert, ops.alert_step, ops.attainment_run
to cchc_analyst;
-- Alerts about messages that can't be delivered name their recipients, whom analysts don't see.
alter table ops.alert enable row level security;
create policy all_for_the_loader on ops.alert to cchc_loader using (true) with check (true);
create policy no_recipient_for_analysts on ops.alert for select to cchc_analyst using (kind <> 'undelivered');
alter table ops.alert_step enable row level security;
create policy all_for_the_loader on ops.alert_step to cchc_loader using (true) with check (true);
create policy as_their_alert_for_analysts on ops.alert_step for select to cchc_analyst
using (exists (select from ops.alert as a where a.alert_id = alert_step.alert_id));
revoke execute on function ops.acknowledge_alert, ops.snooze_alert, ops.record_changed_results from public;
grant execute on function ops.acknowledge_alert, ops.snooze_alert to cchc_loader;
