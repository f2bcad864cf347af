"""Sends what is due: notifications become messages, messages go out, and an undeliverable one becomes an alert."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import psycopg

from cchc.alerts.lifecycle import Alerting, AlertLifecycle, NewAlert
from cchc.alerts.model import AlertEvent, OperatorFacts
from cchc.alerts.notification.channels.channel import Channel
from cchc.alerts.notification.outbox import DeliveryOutcome, compose_due, send_due
from cchc.alerts.notification.rendering import Content, render_message
from cchc.alerts.recipients import Recipient
from cchc.alerts.runbook import RunbookPage
from cchc.calendar import LOCAL
from cchc.messages import read_messages
from cchc.warehouse.connection import run_file

MESSAGES = read_messages("alert_facts")


def dispatch(
    connection: psycopg.Connection, alerting: Alerting, channels: Mapping[str, Channel], now: datetime
) -> DeliveryOutcome:
    """Compose and send what is due; commits after each message, so that a crash repeats one message at most."""

    def write(recipient: Recipient, events: list[AlertEvent], is_urgent: bool) -> Content:
        return write_message(connection, alerting, recipient, events, is_urgent=is_urgent)

    compose_due(connection, alerting.recipients, now, write)
    outcome = send_due(connection, alerting.recipients, channels, now, is_whole=not alerting.mistakes)
    with connection.transaction():
        _update_undelivered(AlertLifecycle(connection, alerting, now))
    return outcome


def _update_undelivered(lifecycle: AlertLifecycle) -> None:
    """Open an alert for each recipient whose newest message was given up; end it when a later one is sent."""
    rows = run_file(lifecycle.connection, "alerts/unreached.sql").fetchall()
    unreached = {recipient for recipient, *_ in rows}
    today = lifecycle.now.astimezone(LOCAL).date()
    for alert in lifecycle.read_open(["undelivered"]):
        if alert.subject not in unreached:
            lifecycle.end(alert, "recovered", today, today)
    for recipient, message_id, reason, composed_at in rows:
        facts = OperatorFacts(
            kind="undelivered",
            subject_vi=recipient,
            details_vi=MESSAGES.format("undelivered.details", message=message_id, reason=reason),
            runbook=RunbookPage.MESSAGE_UNDELIVERED,
        )
        lifecycle.open(NewAlert("undelivered", recipient, composed_at.astimezone(LOCAL).date(), today, facts))


def write_message(
    connection: psycopg.Connection,
    alerting: Alerting,
    recipient: Recipient,
    events: list[AlertEvent],
    *,
    is_urgent: bool,
) -> Content:
    """The message to one recipient, with the numbers of its earlier alerts that are still open or acknowledged."""
    parameters = {"province": alerting.province, "recipient": recipient.id, "audience": recipient.audience}
    row = run_file(connection, "alerts/open_counts.sql", parameters).fetchone()
    name, open_count, acknowledged_count = row or (alerting.province, 0, 0)
    return render_message(
        events,
        audience=recipient.audience,
        province_name_vi=name,
        day=max(event.as_of_date for event in events),
        open_count=open_count,
        acknowledged_count=acknowledged_count,
        is_urgent=is_urgent,
    )
