"""``make ack``, ``make snooze`` and ``make alerts-dry-run``: answers to alerts, and a preview of their messages."""

from __future__ import annotations

import getpass
import os
import sys
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import psycopg

from cchc.calendar import LOCAL
from cchc.local import LocalError
from cchc.local.data_date import read_data_date, read_day
from cchc.local.warehouse import connect_as_loader, open_airflow
from cchc.messages import read_messages
from cchc.settings import read_now

MESSAGES = read_messages("commands")

OPEN = "select alert_id, kind, subject, began_on from ops.alert where status <> 'resolved'"
DRY_RUN = "make alerts-dry-run DATE=2024-06-30"

MIN_BEGINNING = 4
# An answer for more than a quarter is a mistyped year; the recipients' file can exclude alerts for good.
MAX_ANSWER = timedelta(days=92)


def acknowledge(home: Path, alert: str, why: str, until: str, who: str) -> int:
    """Acknowledge an open alert, named by its identifier or the beginning of it; ``until`` empty: until it ends."""
    last_day = _check_answer(MESSAGES.format("acknowledge_example"), alert, why, until)
    return _answer(home, "acknowledge_alert", alert, last_day, why, who)


def snooze(home: Path, alert: str, why: str, until: str, who: str) -> int:
    """Suppress the notifications of an open alert up to a day."""
    if not until:
        raise LocalError(f"name the last day: {MESSAGES.format('snooze_example')}")
    return _answer(
        home, "snooze_alert", alert, _check_answer(MESSAGES.format("snooze_example"), alert, why, until), why, who
    )


def preview(home: Path, day: str) -> int:
    """Print the messages of the run for ``day`` and the reasons for silence. Nothing is written or sent."""
    wanted = read_data_date(day, DRY_RUN)
    with open_airflow(home):
        os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING")
        from cchc.alerts.notification.dry_run import preview_day
        from cchc.mistake import CatalogError
        from cchc.tasks.alerts import read_alerting

        try:
            alerting = read_alerting()
            if alerting.mistakes:
                raise CatalogError(alerting.mistakes)
        except CatalogError as error:
            raise LocalError(str(error)) from error
        with connect_as_loader(home) as connection:
            _check_attained(connection, alerting.province, wanted)
            # All lines before the first is printed: a reader who pauses must not block the nightly run.
            lines = list(preview_day(connection, alerting, wanted, read_now()))
        sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


def _check_answer(example: str, alert: str, why: str, until: str) -> date | None:
    """The last day of an answer to an alert; None: no day was given. Raises LocalError with the ``example``."""
    if len(alert) < MIN_BEGINNING:
        raise LocalError(f"name an alert by the beginning of its identifier, as messages do: {example}")
    if not why.strip():
        raise LocalError(f"give a reason: {example}")
    last_day = read_day(until, example, "UNTIL") if until else None
    today = read_now().astimezone(LOCAL).date()
    if last_day and last_day < today:
        raise LocalError(f"UNTIL={until} is over, today is {today}: {example}")
    if last_day and last_day > today + MAX_ANSWER:
        latest = today + MAX_ANSWER
        raise LocalError(f"UNTIL={until} is too far, the last day that may be given today is {latest}: {example}")
    return last_day


def _answer(home: Path, function: str, alert: str, last_day: date | None, why: str, who: str) -> int:
    with connect_as_loader(home) as connection:
        alert_id, about = _find(connection, alert)
        connection.execute(
            f"select ops.{function}(%s, %s, %s, %s)".encode(),  # one of two names of this file
            [alert_id, who.strip() or getpass.getuser(), why, last_day],
        )
    done = "acknowledged" if function == "acknowledge_alert" else "snoozed"
    sys.stdout.write(f"{alert_id} ({about}): {done} until {last_day or 'it is over'}\n")
    return 0


def _find(connection: psycopg.Connection, beginning: str) -> tuple[UUID, str]:
    """Identifier and subject of the one open alert whose identifier begins so; raises LocalError."""
    rows = connection.execute(
        "select alert_id, kind || ' ' || subject, resolved_on from ops.alert where starts_with(alert_id::text, %s)"
        " order by resolved_on, alert_id",
        [beginning.lower()],
    ).fetchall()
    found = [(alert_id, about) for alert_id, about, resolved_on in rows if resolved_on is None]
    if len(found) == 1:
        return found[0]
    if found:
        named = "".join(f"\n  {alert_id} ({about})" for alert_id, about in found)
        raise LocalError(f"{len(found)} open alerts begin with {beginning}, give more of one:{named}")
    if rows:
        alert_id, about, resolved_on = rows[-1]
        raise LocalError(f"{alert_id} ({about}) is over since {resolved_on}: there is nothing left to answer")
    raise LocalError(f'no alert begins with {beginning}; the open ones: make sql Q="{OPEN}"')


def _check_attained(connection: psycopg.Connection, province: str, day: date) -> None:
    """Raise LocalError where ``day`` has no attainment."""
    row = connection.execute(
        "select bool_or(as_of_date = %s), max(as_of_date) from mart.indicator_attainment where agency_code = %s",
        [day, province],
    ).fetchone()
    if row is None or not row[0]:
        newest = f"the newest day that has is {row[1]}" if row and row[1] else "no day has"
        raise LocalError(f"DATE={day} has no attainment, {newest}: make nightly DATE={day}")
