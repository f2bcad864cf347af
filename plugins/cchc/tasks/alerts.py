"""Tasks of alerting: evaluate what a night has changed, send what is due."""

from __future__ import annotations

import json
import logging

from cchc.alerts.detection.evaluation import evaluate
from cchc.alerts.ledger import Alerting
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
    """Hold what has changed since the last evaluation against what was told, and note who is to be told.

    A mistake in the recipients' file keeps news from the entry that has it alone. It is logged here, so that what was
    noted is sent, and fails the delivery. Where no entry holds nothing is evaluated: the next evaluation makes up.
    """
    alerting = read_alerting()
    if alerting.mistakes and not alerting.recipients:
        raise CatalogError(alerting.mistakes)
    for mistake in alerting.mistakes:
        log.warning("%s (this entry is left aside)", mistake)
    with connect(read_login()) as connection:
        evaluate(connection, alerting, read_now())


def deliver_alerts() -> None:
    """Write and send what is due. What can't be sent waits in the outbox; the night doesn't fail on it.

    It does fail, when all is sent that can be, on a mistake in the recipients' file.
    """
    alerting = read_alerting()
    with connect(read_login()) as connection:
        dispatch(connection, alerting, open_channels(alerting.recipients, read_access), read_now())
    if alerting.mistakes:
        raise CatalogError(alerting.mistakes)


def read_alerting() -> Alerting:
    """Whose alerts, by which rules, for whom. A mistake in the rules fails with file, entry and field."""
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
    """Where a channel's server is, as the Airflow connection says; None when it isn't set, or wrongly."""
    connection = read_connection(connection_id)
    if connection is None:
        return None
    try:
        extra = dict(json.loads(connection.extra or "{}"))
    except (ValueError, TypeError):
        log.warning("connection %s is left aside: its extra is no JSON object", connection_id)
        return None
    return Access(
        host=connection.host or "",
        port=connection.port,
        login=connection.login or "",
        password=connection.password or "",
        extra={name: str(value) for name, value in extra.items()},
    )
