-- Alerts: how far they have read the change log, the state of each series, the alerts with their steps, and the outbox.
-- Rules and recipients are files (include/alerts/), addresses are in no table.

create table ops.alert_watermark (
    province_code text primary key,
    change_id bigint not null,
    evaluated_since date,
    evaluated_at timestamptz not null
);
comment on table ops.alert_watermark is 'Watermark of the alerts: how far their evaluation has read ops.changed_result. Moved in the transaction of the evaluation.';
comment on column ops.alert_watermark.province_code is 'Province, by the code of its root agency.';
comment on column ops.alert_watermark.change_id is 'Last change that was evaluated.';
comment on column ops.alert_watermark.evaluated_since is 'Newest as-of date at the first evaluation of a current run: episodes that began long before it are history.';
comment on column ops.alert_watermark.evaluated_at is 'Time of the newest evaluation.';

create table ops.alert_state (
    kind text not null,
    plan_year int not null,
    figure_year int not null,
    indicator_code text not null,
    variant text not null,
    agency_code text not null,
    province_code text not null generated always as (core.province_of(agency_code)) stored,
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
comment on table ops.alert_state is 'Alert state of each series and alert kind, carried from data day to data day (cchc/alerts/detection/episodes.py).';
comment on column ops.alert_state.kind is 'Alert kind, as in ops.alert.';
comment on column ops.alert_state.plan_year is 'Year of the plan.';
comment on column ops.alert_state.figure_year is 'Year whose values are evaluated; with a new year the state begins anew.';
comment on column ops.alert_state.indicator_code is 'Indicator of the plan.';
comment on column ops.alert_state.variant is 'Variant of the indicator: primary, or another interpretation of the same words.';
comment on column ops.alert_state.agency_code is 'Agency whose series it is; the root for the province.';
comment on column ops.alert_state.province_code is 'Province whose row it is: the first part of the agency''s identifier code.';
comment on column ops.alert_state.evaluated_to_date is 'Newest as-of date evaluated; after a change at or before it the year is evaluated anew.';
comment on column ops.alert_state.last_day is 'Newest data day that was evaluated.';
comment on column ops.alert_state.last_value is 'Value of last_day.';
comment on column ops.alert_state.is_armed is 'True: a new episode opens an alert.';
comment on column ops.alert_state.streak is 'Successive good (above 0) or bad days (below 0) up to last_day.';
comment on column ops.alert_state.streak_began_on is 'First day of the streak.';
comment on column ops.alert_state.open_began_on is 'First bad day of the open episode; NULL: none is open.';
comment on column ops.alert_state.open_fired_on is 'Data day that confirmed the open episode.';

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
create index alert_by_subject on ops.alert (province_code, kind, subject, began_on);
create unique index alert_open on ops.alert (province_code, kind, subject) where status <> 'resolved';
comment on table ops.alert is 'Alerts, one for each episode: opened, perhaps acknowledged or snoozed, resolved. Their steps are in ops.alert_step.';
comment on column ops.alert.alert_id is 'Alert identifier, derived from kind, subject and the first day as first detected: a repeated run finds the same alert.';
comment on column ops.alert.kind is 'Alert kind, one of include/alerts/rules.yaml.';
comment on column ops.alert.severity is 'Severity: info, warning or urgent.';
comment on column ops.alert.audience is 'performance (leaders and agencies) or operators; one message never holds both.';
comment on column ops.alert.status is 'open, acknowledged (somebody works on it) or resolved.';
comment on column ops.alert.province_code is 'Province, by the code of its root agency.';
comment on column ops.alert.plan_year is 'Year of the plan; NULL where the alert concerns no plan.';
comment on column ops.alert.figure_year is 'Year whose values the alert concerns; NULL where it concerns no indicator.';
comment on column ops.alert.indicator_code is 'Indicator of the plan; NULL where the alert concerns none.';
comment on column ops.alert.variant is 'Variant of the indicator: primary, or another interpretation of the same words.';
comment on column ops.alert.agency_code is 'Agency that the alert concerns; NULL for none.';
comment on column ops.alert.task_code is 'Task of the annex; NULL where the alert concerns none.';
comment on column ops.alert.source is 'Source profile that the alert concerns; NULL for none.';
comment on column ops.alert.subject is 'Subject as one text: two alerts of one kind and subject are never open together.';
comment on column ops.alert.began_on is 'First day of the episode: data day of a series, else calendar day.';
comment on column ops.alert.as_of_date is 'As-of date of the run that detected it.';
comment on column ops.alert.is_notified is 'True: recipients whose entry covers the alert are notified; there may be none. False: the alert is suppressed, and nobody is notified.';
comment on column ops.alert.suppressed_reason is 'Reason for the suppression: history; NULL where is_notified.';
comment on column ops.alert.facts is 'Facts at its opening: value, target, change, contributions.';
comment on column ops.alert.opened_at is 'Time at which it was opened.';
comment on column ops.alert.acknowledged_by is 'Person who acknowledged it.';
comment on column ops.alert.acknowledged_until is 'Last day of the acknowledgement; the alert is open again after it. NULL: until it is resolved.';
comment on column ops.alert.acknowledged_why is 'Reason given with the acknowledgement.';
comment on column ops.alert.snoozed_until is 'Last day of a snooze: nobody is notified up to it.';
comment on column ops.alert.escalated_at is 'Time of its escalation, when nobody had answered it.';
comment on column ops.alert.resolved_on is 'Data day that ended the episode.';
comment on column ops.alert.resolved_at is 'Time at which the end was detected.';
comment on column ops.alert.resolution is 'recovered; withdrawn (the results behind it were restated); closed, without a notification (its year, agency or task is over, days have passed since a fall, or an unusable result became usable).';

create table ops.alert_step (
    step_id bigint generated always as identity primary key,
    alert_id uuid not null references ops.alert (alert_id),
    step text not null
    check (
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
comment on table ops.alert_step is 'Life of each alert, step by step.';
comment on column ops.alert_step.step_id is 'Sequence number of the step.';
comment on column ops.alert_step.alert_id is 'Alert that took the step.';
comment on column ops.alert_step.step is 'opened, reopened (a restatement undid its end), acknowledged, lapsed (the acknowledgement has ended), snoozed, escalated, resolved (recovered), withdrawn or closed.';
comment on column ops.alert_step.as_of_date is 'As-of date of the run that took the step; NULL: a person took it.';
comment on column ops.alert_step.by_whom is 'Person who took the step; NULL: the evaluation.';
comment on column ops.alert_step.until_date is 'Last day of an acknowledgement or snooze.';
comment on column ops.alert_step.why is 'Reason given with the step.';
comment on column ops.alert_step.facts is 'Facts at the time of the step.';
comment on column ops.alert_step.noted_at is 'Time of the step.';

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
comment on table ops.message is 'Outbox: messages and their recipients. Not readable by analysts; addresses are in no table at all.';
comment on column ops.message.message_id is 'Message identifier. It travels with the message, so a repeated delivery after a crash is recognised.';
comment on column ops.message.recipient is 'Entry of the recipients'' file, which has the address.';
comment on column ops.message.is_urgent is 'True: sent at once, outside the digest.';
comment on column ops.message.subject is 'Subject line of the message.';
comment on column ops.message.body_text is 'Body as plain text.';
comment on column ops.message.body_html is 'Body as HTML.';
comment on column ops.message.status is 'waiting, sent or given_up.';
comment on column ops.message.tries is 'Number of delivery attempts.';
comment on column ops.message.next_try_at is 'Time of the next attempt.';
comment on column ops.message.last_error is 'Reason why the last attempt failed.';
comment on column ops.message.composed_at is 'Time of its composition.';
comment on column ops.message.sent_at is 'Time at which the channel accepted it.';

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
comment on table ops.notification is 'Notifications: recipients of each step. Written with the step, composed into a message when it is due.';
comment on column ops.notification.notification_id is 'Sequence number of the notification.';
comment on column ops.notification.step_id is 'Alert step that the recipient is notified of.';
comment on column ops.notification.recipient is 'Entry of the recipients'' file.';
comment on column ops.notification.is_urgent is 'True: notified at once, outside the digest.';
comment on column ops.notification.due_at is 'Earliest time of notification: quiet hours, working days and the hour of the digest decide it.';
comment on column ops.notification.message_id is 'Message that carries it; NULL: not composed yet.';

create function ops.acknowledge_alert(
    alert uuid, by_whom text, why text, until_date date default null
) returns void
language plpgsql as $$
begin
    if coalesce(trim(by_whom), '') = '' or coalesce(trim(why), '') = '' then
        raise exception 'an acknowledgement needs a person and a reason';
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
comment on function ops.acknowledge_alert is 'Acknowledges an open alert: person, reason, last day. It isn''t escalated meanwhile. Raises an exception without a person or a reason, or where no such alert is open.';

create function ops.snooze_alert(alert uuid, by_whom text, why text, until_date date) returns void
language plpgsql as $$
begin
    if coalesce(trim(by_whom), '') = '' or coalesce(trim(why), '') = '' or snooze_alert.until_date is null then
        raise exception 'a snooze needs a person, a reason and a last day';
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
comment on function ops.snooze_alert is 'Snoozes an open alert: nobody is notified of it up to a day. Raises an exception without a person, a reason or a day, or where no such alert is open.';

grant select, insert, update, delete on all tables in schema ops to cchc_loader;
grant select on ops.alert_watermark, ops.alert_state, ops.alert, ops.alert_step to cchc_analyst;
-- Alerts about messages that can't be delivered name their recipients, whom analysts don't see.
alter table ops.alert enable row level security;
create policy all_for_the_loader on ops.alert to cchc_loader using (true) with check (true);
create policy no_recipient_for_analysts on ops.alert for select to cchc_analyst using (kind <> 'undelivered');
alter table ops.alert_step enable row level security;
create policy all_for_the_loader on ops.alert_step to cchc_loader using (true) with check (true);
create policy as_their_alert_for_analysts on ops.alert_step for select to cchc_analyst
using (exists (select from ops.alert as a where a.alert_id = alert_step.alert_id));
revoke execute on function ops.acknowledge_alert, ops.snooze_alert from public;
grant execute on function ops.acknowledge_alert, ops.snooze_alert to cchc_loader;
