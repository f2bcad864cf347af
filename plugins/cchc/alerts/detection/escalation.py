"""Alerts that nobody has answered in time go to superiors; acknowledgements end with their last day."""

from __future__ import annotations

import logging
from datetime import date

from cchc.alerts.lifecycle import AlertLifecycle
from cchc.calendar import LOCAL
from cchc.warehouse.connection import run_file

log = logging.getLogger(__name__)


def escalate(lifecycle: AlertLifecycle, day: date) -> None:
    """Reopen acknowledgements whose last day is over, then escalate unanswered alerts, once. ``day``: of the run."""
    connection, alerting = lifecycle.connection, lifecycle.alerting
    today = lifecycle.now.astimezone(LOCAL).date()
    if not alerting.working_days.covers(today.year):
        log.warning("holidays.yaml doesn't cover %d: every Monday to Friday counts as worked, add its days", today.year)
    parameters = {"province": alerting.province, "today": today}
    for (alert_id,) in run_file(connection, "alerts/lapse.sql", parameters).fetchall():
        lifecycle.note(lifecycle.read(alert_id), "lapsed", day)
    for alert_id, waiting_since in run_file(connection, "alerts/unanswered.sql", parameters).fetchall():
        since = waiting_since.astimezone(LOCAL).date()
        if alerting.working_days.add(since, alerting.rules.escalate_after_working_days) <= today:
            connection.execute("update ops.alert set escalated_at = %s where alert_id = %s", [lifecycle.now, alert_id])
            lifecycle.note(lifecycle.read(alert_id), "escalated", day)
