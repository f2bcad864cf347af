"""Undoes the alert steps of a day that was computed by mistake and that no run may be for (``make withdraw``).

A valid day that is computed again needs nothing here: evaluation finds by itself which episodes hold without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from cchc.alerts.lifecycle import AlertLifecycle
from cchc.alerts.model import Kind
from cchc.calendar import LOCAL
from cchc.warehouse.connection import run_file

# The clock opens and ends these, not the results of a day.
BY_THE_CLOCK: tuple[Kind, ...] = ("run_late", "undelivered")


@dataclass(frozen=True)
class Undone:
    """The numbers of alerts that were reopened and withdrawn."""

    reopened: int
    withdrawn: int


def undo_day(lifecycle: AlertLifecycle, day: date, found_on: date) -> Undone:
    """Restore the alerts' status from before the runs for ``day``, in the current transaction.

    Only people who were notified of an undone step are notified. ``found_on``: the as-of date of the new steps.
    """
    parameters = {
        "province": lifecycle.alerting.province,
        "day": day,
        "kept_kinds": list(BY_THE_CLOCK),
    }
    run_file(lifecycle.connection, "withdraw/notifications.sql", parameters)
    rows = run_file(lifecycle.connection, "withdraw/alerts.sql", parameters).fetchall()
    opened = [alert_id for alert_id, was_open, is_open, _ in rows if is_open and not was_open]
    ended = [(alert_id, is_notified) for alert_id, was_open, is_open, is_notified in rows if was_open and not is_open]
    for alert_id in opened:
        lifecycle.end(lifecycle.read(alert_id), "withdrawn", found_on, found_on)
    today = lifecycle.now.astimezone(LOCAL).date()
    reopened = 0
    for alert_id, is_notified in ended:
        restored = run_file(
            lifecycle.connection, "withdraw/restore_alert.sql", {"alert_id": alert_id, "today": today}
        ).rowcount
        if restored:
            lifecycle.note(lifecycle.read(alert_id), "reopened", found_on, is_quiet=not is_notified)
        reopened += restored
    return Undone(reopened, len(opened))
