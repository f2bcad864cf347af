"""What is due goes out: notices become messages, messages are sent, and operators hear of those that can't be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import psycopg

from cchc.alerts.ledger import Alerting, Ledger, NewAlert
from cchc.alerts.model import OperatorFacts, Told
from cchc.alerts.notification.channels.channel import Channel
from cchc.alerts.notification.outbox import Outcome, compose_due, send_due
from cchc.alerts.notification.rendering import Content, compose
from cchc.alerts.recipients import Recipient
from cchc.calendar import LOCAL
from cchc.warehouse.connection import run_file

# Heading of the page in docs/runbook.md.
UNDELIVERED = "A message can't be delivered"


def dispatch(
    connection: psycopg.Connection, alerting: Alerting, channels: Mapping[str, Channel], now: datetime
) -> Outcome:
    """Compose and send what is due; commits as it goes, so that a crash repeats one message at most."""

    def write(recipient: Recipient, told: list[Told], is_urgent: bool) -> Content:
        return write_message(connection, alerting, recipient, told, is_urgent=is_urgent)

    compose_due(connection, alerting.recipients, now, write)
    outcome = send_due(connection, alerting.recipients, channels, now, is_whole=not alerting.mistakes)
    with connection.transaction():
        _tell_operators(Ledger(connection, alerting, now))
    return outcome


def _tell_operators(ledger: Ledger) -> None:
    """Open an alert for each recipient whose newest message was given up; end it when one gets through again."""
    rows = run_file(ledger.connection, "alerts/unreached.sql").fetchall()
    unreached = {recipient for recipient, *_ in rows}
    today = ledger.now.astimezone(LOCAL).date()
    for alert in ledger.read_open(["undelivered"]):
        if alert.subject not in unreached:
            ledger.end(alert, "recovered", today, today)
    for recipient, message_id, why, composed_at in rows:
        facts = OperatorFacts(
            kind="undelivered",
            subject_vi=recipient,
            told=f"tin {message_id} không gửi nữa: {why}",
            runbook=UNDELIVERED,
        )
        ledger.open(NewAlert("undelivered", recipient, composed_at.astimezone(LOCAL).date(), today, facts))


def write_message(
    connection: psycopg.Connection, alerting: Alerting, recipient: Recipient, told: list[Told], *, is_urgent: bool
) -> Content:
    """The message to one recipient, with how many of the alerts that it was told of are still open."""
    parameters = {"province": alerting.province, "recipient": recipient.id, "audience": recipient.audience}
    row = run_file(connection, "alerts/followed.sql", parameters).fetchone()
    name, open_count, acknowledged_count = row or (alerting.province, 0, 0)
    return compose(
        told,
        audience=recipient.audience,
        province_name_vi=name,
        day=max(one.as_of_date for one in told),
        open_count=open_count,
        acknowledged_count=acknowledged_count,
        is_urgent=is_urgent,
    )
