"""The message about a failed run that can't be stored in the warehouse: sent at once, past the outbox."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from html import escape
from pathlib import Path

from cchc.alerts.detection.failed_runs import FailedRun
from cchc.alerts.lifecycle import Alerting
from cchc.alerts.model import AlertEvent, make_alert_id
from cchc.alerts.notification.channels.channel import (
    Access,
    ChannelDownError,
    Message,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from cchc.alerts.notification.channels.directory import open_channels
from cchc.messages import read_messages

log = logging.getLogger(__name__)

MESSAGES = read_messages("alert_facts")


def send_directly(
    alerting: Alerting,
    failure: FailedRun,
    reason: str,
    now: datetime,
    read_access: Callable[[str], Access | None],
    folder: Path,
) -> None:
    """Send a failure to the operators, once for each DAG and day as far as the files in ``folder`` show.

    ``reason``: why the warehouse couldn't store it. A message that a channel doesn't accept is logged.
    """
    marker = folder / f"{failure.dag_id}.{failure.day}"
    if marker.exists():
        return
    event = _make_event(alerting, failure)
    recipients = [recipient for recipient in alerting.recipients if recipient.wants(event)]
    channels = open_channels(recipients, read_access)
    message = _write_message(event, failure, reason, now)
    for recipient in recipients:
        try:
            if recipient.route not in channels:
                raise ChannelDownError(f"the Airflow connection {recipient.route} is not set")
            channels[recipient.route].send(recipient, message)
        except (PermanentDeliveryError, TemporaryDeliveryError) as error:
            log.warning("%s could not be notified: %s", recipient.id, error)
        else:
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.write_bytes(b"")


def _make_event(alerting: Alerting, failure: FailedRun) -> AlertEvent:
    return AlertEvent(
        alert_id=make_alert_id(alerting.province, "run_failed", failure.dag_id, failure.day),
        step="opened",
        kind="run_failed",
        severity=alerting.rules.severity["run_failed"],
        audience="operators",
        began_on=failure.day,
        as_of_date=failure.day,
        facts=failure.facts,
    )


def _write_message(event: AlertEvent, failure: FailedRun, reason: str, now: datetime) -> Message:
    """A message without a digest's frame, whose numbers of open alerts only the warehouse knows."""
    facts = failure.facts
    text = "\n".join(
        (
            MESSAGES.format("direct.failure", subject=facts.subject_vi),
            MESSAGES.format("direct.details", details=facts.details_vi),
            MESSAGES.format("direct.reason", reason=reason),
            MESSAGES.format("direct.runbook", heading=facts.runbook),
            MESSAGES.format("direct.footer"),
        )
    )
    return Message(
        message_id=event.alert_id,
        is_urgent=True,
        subject=MESSAGES.format("direct.subject"),
        body_text=text,
        body_html=f"<pre>{escape(text)}</pre>",
        composed_at=now,
    )
