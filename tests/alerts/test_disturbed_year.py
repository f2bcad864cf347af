"""The same year with runs repeated, some killed before, some days late: the same alerts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

import psycopg
import pytest

from cchc.local.embedded import Database
from tests.alerts.year.alerts import Alert, check_alerts, read_alerts, read_expected
from tests.alerts.year.deliveries import check_deliveries, drop_repeats
from tests.alerts.year.proxy import Wire, open_wire
from tests.alerts.year.scenario import DAYS, Scenario, read_year
from tests.alerts.year.stage import Stage, open_stage

SEED = 4
KILLED_SHARE = 0.4
MAX_PIECES = 150  # a whole run is some hundred pieces on the wire

# First and last day of the runs that all take place on the last one's morning, and whether the last day comes first.
# They cover episodes of the province and of agencies, a fall of the province, the merger, late and restated reports.
# The order of days makes no difference to a series. But while days run backwards there is a gap, and bad days before
# and behind it are successive until it is filled: no single bad day lies on both sides of one here.
BACKFILLED = [
    (date(2024, 2, 5), date(2024, 2, 14), False),
    (date(2024, 3, 5), date(2024, 3, 14), True),
    (date(2024, 4, 18), date(2024, 4, 27), False),
    (date(2024, 6, 27), date(2024, 7, 5), True),
    (date(2024, 9, 15), date(2024, 9, 24), True),
]


def plan_runs() -> Iterator[tuple[date, date]]:
    """Each day with the one on whose morning its run takes place."""
    days = iter(DAYS)
    for day in days:
        backfill = next((backfill for backfill in BACKFILLED if backfill[0] == day), None)
        if backfill is None:
            yield day, day
            continue
        first, last, is_last_first = backfill
        missed = [first, *(next(days) for _ in range((last - first).days))]
        yield from ((late, last) for late in (reversed(missed) if is_last_first else missed))


def list_eventful(expected: list[Alert]) -> set[date]:
    """The days on which an alert changes, and the day after each: their runs are repeated."""
    days = {day for alert in expected for day in alert if isinstance(day, date)}
    return days | {day + timedelta(days=1) for day in days}


def kill_run(stage: Stage, wire: Wire, pieces: int, day: date, morning_of: date) -> bool:
    """Start a run whose connection is cut after so many pieces; whether it was cut."""
    connection = stage.year.connection
    wire.cut_after(pieces)
    try:
        with psycopg.connect(stage.url, host="127.0.0.1", port=wire.port, autocommit=True) as stage.year.connection:
            stage.year.run_day(day, morning_of)
    except psycopg.Error:
        assert wire.was_cut
    finally:
        stage.year.connection = connection
    return wire.was_cut


def blur(alert: Alert) -> Alert:
    """The alert with the runs of one morning as one, where they open it or find its end.

    A later notification is escalated later, so that time isn't compared. First days stay as they are.
    """
    is_found_late = any(first <= alert.found_on <= last for first, last, _ in BACKFILLED)
    return alert._replace(
        found_on=name_morning(alert.found_on),
        escalated_on=None if is_found_late else alert.escalated_on and name_morning(alert.escalated_on),
        resolved_on=alert.resolved_on and name_morning(alert.resolved_on),
        over_on=alert.over_on and name_morning(alert.over_on),
    )


def name_morning(day: date) -> date:
    """The day on whose morning the run for ``day`` takes place."""
    return next((last for first, last, _ in BACKFILLED if first <= day <= last), day)


@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore:.*deleted while still open:ResourceWarning")  # nobody closes what was cut off
def test_disturbed_year_ends_in_the_same_alerts_each_notified_once(cluster: Database, numbers: Iterator[int]) -> None:
    scenario: Scenario = read_year()
    chance = random.Random(SEED)  # noqa: S311 - chance, no secret
    killed, expected = 0, read_expected()
    eventful = list_eventful(expected)
    with (
        open_stage(cluster, f"year_{next(numbers)}", scenario) as stage,
        open_wire(cluster.host, cluster.port) as wire,
    ):
        for day, morning_of in plan_runs():
            if chance.random() < KILLED_SHARE:
                killed += kill_run(stage, wire, chance.randint(1, MAX_PIECES), day, morning_of)
            for _ in range(2 if day in eventful else 1):
                stage.year.run_day(day, morning_of)
        assert killed > 80
        check_alerts(map(blur, expected), map(blur, read_alerts(stage.year.connection)))
        check_deliveries(drop_repeats(stage.list_deliveries()), expected)
        assert stage.count_undelivered() == 0
