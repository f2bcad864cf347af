"""``make ack``, ``make snooze``, ``make alerts-dry-run``: answers to alerts, and what a night would tell."""

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
from cchc.settings import read_now

OPEN = "select alert_id, kind, subject, began_on from ops.alert where status <> 'resolved'"
ACKNOWLEDGE = 'make ack ALERT=3f2a9c1e WHY="đang rà soát" UNTIL=2024-07-15'
SNOOZE = 'make snooze ALERT=3f2a9c1e WHY="bảo trì" UNTIL=2024-07-15'
REHEARSE = "make alerts-dry-run DATE=2024-06-30"

SHORTEST_BEGINNING = 4
# An answer for longer than a quarter is a mistyped year; who is never to get such news says so in the recipients' file.
LONGEST_ANSWER = timedelta(days=92)


def acknowledge(home: Path, alert: str, why: str, until: str, who: str) -> int:
    """Take on an open alert, named by its identifier or the beginning of it; ``until`` empty: until it is over."""
    return _answer(home, "acknowledge_alert", alert, _check_answer(ACKNOWLEDGE, alert, why, until), why, who)


def snooze(home: Path, alert: str, why: str, until: str, who: str) -> int:
    """Have nobody told of an open alert up to a day."""
    if not until:
        raise LocalError(f"say up to which day: {SNOOZE}")
    return _answer(home, "snooze_alert", alert, _check_answer(SNOOZE, alert, why, until), why, who)


def rehearse(home: Path, day: str) -> int:
    """Print what the night of ``day`` tells, to whom, and what it holds back, why. Nothing is written or sent."""
    wanted = read_data_date(day, REHEARSE)
    with open_airflow(home):
        os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING")
        from cchc.alerts.notification.dry_run import rehearse as rehearse_night
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
            # All of it before a line is printed: a reader who pauses must not hold up the night, which waits for it.
            lines = list(rehearse_night(connection, alerting, wanted, read_now()))
        sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


def _check_answer(example: str, alert: str, why: str, until: str) -> date | None:
    """The last day of an answer to an alert; None: no day was given. Raises LocalError with the ``example``."""
    if len(alert) < SHORTEST_BEGINNING:
        raise LocalError(f"name an alert by the beginning of its identifier, as messages do: {example}")
    if not why.strip():
        raise LocalError(f"say why: {example}")
    last_day = read_day(until, example, "UNTIL") if until else None
    today = read_now().astimezone(LOCAL).date()
    if last_day and last_day < today:
        raise LocalError(f"UNTIL={until} is over, today is {today}: {example}")
    if last_day and last_day > today + LONGEST_ANSWER:
        latest = today + LONGEST_ANSWER
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
    """The one open alert whose identifier begins so."""
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
    """Raises LocalError where the night of ``day`` has no attainment, and so nothing to tell."""
    row = connection.execute(
        "select bool_or(as_of_date = %s), max(as_of_date) from mart.indicator_attainment where agency_code = %s",
        [day, province],
    ).fetchone()
    if row is None or not row[0]:
        newest = f"the newest night is that of {row[1]}" if row and row[1] else "no night was yet"
        raise LocalError(f"DATE={day} has no attainment, {newest}: make nightly DATE={day}")
