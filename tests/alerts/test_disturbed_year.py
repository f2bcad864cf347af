"""The same year, nights run twice, some killed before that, some not run until days later: the same alerts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

import psycopg
import pytest

from cchc.local.embedded import Database
from tests.alerts.year.alerts import Alert, check_alerts, read_alerts, read_planted
from tests.alerts.year.playing import Stage, open_stage
from tests.alerts.year.post import check_letters, drop_repeats
from tests.alerts.year.proxy import Wire, open_wire
from tests.alerts.year.telling import NIGHTS, Telling, read_telling

SEED = 4
KILLED_SHARE = 0.4
MOST_PIECES = 150  # a whole night is some hundred pieces on the wire

# First and last night of some that aren't run on their day but all on the last one's morning, and whether the last is
# run first. In them lie crossings of the province and of agencies, a province's fall, the merger, days told late and
# days told anew. A figure's days need no order; but between its nights run backwards there is a gap, across which a bad
# day before it and one behind it are successive until the gap is filled: here no flutter lies on both sides of one.
BACKFILLED = [
    (date(2024, 2, 5), date(2024, 2, 14), False),
    (date(2024, 3, 5), date(2024, 3, 14), True),
    (date(2024, 4, 18), date(2024, 4, 27), False),
    (date(2024, 6, 27), date(2024, 7, 5), True),
    (date(2024, 9, 15), date(2024, 9, 24), True),
]


def plan_nights() -> Iterator[tuple[date, date]]:
    """Each night with the one on whose morning it is run."""
    nights = iter(NIGHTS)
    for night in nights:
        stretch = next((stretch for stretch in BACKFILLED if stretch[0] == night), None)
        if stretch is None:
            yield night, night
            continue
        first, last, is_last_first = stretch
        missed = [first, *(next(nights) for _ in range((last - first).days))]
        yield from ((late, last) for late in (reversed(missed) if is_last_first else missed))


def list_eventful(planted: list[Alert]) -> set[date]:
    """Nights that find, tell or end something, and those after them: they are run twice."""
    days = {day for alert in planted for day in alert if isinstance(day, date)}
    return days | {day + timedelta(days=1) for day in days}


def kill_night(stage: Stage, wire: Wire, pieces: int, night: date, morning_of: date) -> bool:
    """Run a night whose connection is cut after so many pieces; whether it was."""
    connection = stage.year.connection
    wire.cut_after(pieces)
    try:
        with psycopg.connect(stage.url, host="127.0.0.1", port=wire.port, autocommit=True) as stage.year.connection:
            stage.year.run_night(night, morning_of)
    except psycopg.Error:
        assert wire.was_cut
    finally:
        stage.year.connection = connection
    return wire.was_cut


def blur(alert: Alert) -> Alert:
    """Nights run on one morning stand for each other, where they find an alert or its end. Who was told later
    is asked for an answer later: when isn't compared of those. What began when stays as it is."""
    is_found_late = any(first <= alert.found_on <= last for first, last, _ in BACKFILLED)
    return alert._replace(
        found_on=name_morning(alert.found_on),
        escalated_on=None if is_found_late else alert.escalated_on and name_morning(alert.escalated_on),
        resolved_on=alert.resolved_on and name_morning(alert.resolved_on),
        over_on=alert.over_on and name_morning(alert.over_on),
    )


def name_morning(night: date) -> date:
    """The night on whose morning a night is run."""
    return next((last for first, last, _ in BACKFILLED if first <= night <= last), night)


@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore:.*deleted while still open:ResourceWarning")  # nobody closes what was cut off
def test_a_disturbed_year_ends_in_the_same_alerts_each_told_once(cluster: Database, numbers: Iterator[int]) -> None:
    told: Telling = read_telling()
    chance = random.Random(SEED)  # noqa: S311 - chance, no secret
    killed, planted = 0, read_planted()
    eventful = list_eventful(planted)
    with (
        open_stage(cluster, f"year_{next(numbers)}", told) as stage,
        open_wire(cluster.host, cluster.port) as wire,
    ):
        for night, morning_of in plan_nights():
            if chance.random() < KILLED_SHARE:
                killed += kill_night(stage, wire, chance.randint(1, MOST_PIECES), night, morning_of)
            for _ in range(2 if night in eventful else 1):
                stage.year.run_night(night, morning_of)
        assert killed > 80
        check_alerts(map(blur, planted), map(blur, read_alerts(stage.year.connection)))
        check_letters(drop_repeats(stage.list_letters()), planted)
        assert stage.count_undelivered() == 0
