"""What a day has done to alerts, undone: there can't be such a day, and it was computed (``make withdraw``).

Of a day that there can be, which is computed again, evaluation finds by itself what holds without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from cchc.alerts.ledger import Ledger
from cchc.alerts.model import Kind
from cchc.calendar import LOCAL
from cchc.warehouse.connection import run_file

BY_THE_CLOCK: tuple[Kind, ...] = ("night_late", "undelivered")


@dataclass(frozen=True)
class Undone:
    """How many alerts are open again, how many were withdrawn."""

    reopened: int
    withdrawn: int


def undo_day(ledger: Ledger, day: date, found_on: date) -> Undone:
    """Bring alerts to what they were before the runs of ``day``, in the current transaction.

    Nobody is notified but those who were notified of what isn't so. ``found_on``: the day of the steps it writes.
    """
    parameters = {
        "province": ledger.alerting.province,
        "day": day,
        "kept_kinds": list(BY_THE_CLOCK),
    }
    run_file(ledger.connection, "withdraw/notifications.sql", parameters)
    rows = run_file(ledger.connection, "withdraw/alerts.sql", parameters).fetchall()
    opened = [alert_id for alert_id, was_open, is_open, _ in rows if is_open and not was_open]
    ended = [(alert_id, is_notified) for alert_id, was_open, is_open, is_notified in rows if was_open and not is_open]
    for alert_id in opened:
        ledger.end(ledger.read(alert_id), "withdrawn", found_on, found_on)
    today = ledger.now.astimezone(LOCAL).date()
    reopened = 0
    for alert_id, is_notified in ended:
        restored = run_file(
            ledger.connection, "withdraw/restore_alert.sql", {"alert_id": alert_id, "today": today}
        ).rowcount
        if restored:
            ledger.note(ledger.read(alert_id), "reopened", found_on, is_quiet=not is_notified)
        reopened += restored
    return Undone(reopened, len(opened))
