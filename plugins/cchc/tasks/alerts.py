"""The tasks of alerts: evaluate the changed results of a run, send the messages that are due."""

from __future__ import annotations

import json
import logging

from cchc.alerts.detection.evaluation import evaluate
from cchc.alerts.lifecycle import Alerting
from cchc.alerts.notification.channels.channel import Access
from cchc.alerts.notification.channels.directory import open_channels
from cchc.alerts.notification.dispatch import dispatch
from cchc.alerts.recipients import read_recipients
from cchc.alerts.rules import load_rules
from cchc.catalog.holidays import read_working_days
from cchc.mistake import CatalogError
from cchc.settings import ALERT_RULES, read_now, read_settings
from cchc.tasks.context import read_connection, read_login
from cchc.warehouse.connection import connect

log = logging.getLogger(__name__)


def evaluate_alerts() -> None:
    """Open and end alerts by the results that changed since the last evaluation, and store their notifications.

    A recipient with a mistake in the file gets none. The mistake is logged here and fails the delivery, which comes
    after. Without any valid recipient this raises CatalogError, and the next evaluation covers the same changes.
    """
    alerting = read_alerting()
    if alerting.mistakes and not alerting.recipients:
        raise CatalogError(alerting.mistakes)
    for mistake in alerting.mistakes:
        log.warning("%s (this entry is skipped)", mistake)
    with connect(read_login()) as connection:
        evaluate(connection, alerting, read_now())


def deliver_alerts() -> None:
    """Compose and send what is due. A message that can't be sent waits in the outbox and is no error.

    Raises CatalogError after sending, if the recipients' file has a mistake.
    """
    alerting = read_alerting()
    with connect(read_login()) as connection:
        dispatch(connection, alerting, open_channels(alerting.recipients, read_access), read_now())
    if alerting.mistakes:
        raise CatalogError(alerting.mistakes)


def read_alerting() -> Alerting:
    """The configuration of alerts. Raises CatalogError for a mistake in the rules; those of recipients are returned."""
    settings = read_settings()
    recipients = read_recipients(settings.recipients)
    return Alerting(
        province=settings.province,
        rules=load_rules(ALERT_RULES),
        recipients=recipients.good,
        working_days=read_working_days(settings.catalog),
        mistakes=recipients.mistakes,
    )


def read_access(connection_id: str) -> Access | None:
    """The access to a channel's server in an Airflow connection; None if it isn't set, or isn't valid."""
    connection = read_connection(connection_id)
    if connection is None:
        return None
    try:
        extra = dict(json.loads(connection.extra or "{}"))
    except (ValueError, TypeError):
        log.warning("connection %s is skipped: its extra is no JSON object", connection_id)
        return None
    return Access(
        host=connection.host or "",
        port=connection.port,
        login=connection.login or "",
        password=connection.password or "",
        extra={name: str(value) for name, value in extra.items()},
    )
