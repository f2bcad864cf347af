"""A year of nights with what is planted in it, by the tasks' own functions: it ends in exactly the planted alerts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from cchc.local.embedded import Database
from tests.alerts.year.alerts import check_alerts, read_alerts, read_planted
from tests.alerts.year.deliveries import COVERED, check_letters, list_foreign_words
from tests.alerts.year.oracle import reckon
from tests.alerts.year.scenario import NIGHTS, Telling, read_telling
from tests.alerts.year.stage import Stage, open_stage

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def told() -> Telling:
    return read_telling()


@pytest.fixture(scope="module")
def played(cluster: Database, told: Telling, numbers: Iterator[int]) -> Iterator[Stage]:
    """The year after its last night."""
    with open_stage(cluster, f"year_{next(numbers)}", told) as stage:
        for night in NIGHTS:
            stage.year.run_night(night)
        yield stage


def test_the_planted_list_is_what_the_rulings_make_of_the_year(told: Telling) -> None:
    check_alerts(read_planted(), reckon(told))


def test_the_year_ends_in_exactly_the_planted_alerts(played: Stage) -> None:
    check_alerts(read_planted(), read_alerts(played.year.connection))


def test_each_step_is_told_once_to_whoever_wants_to_know(played: Stage) -> None:
    check_letters(played.list_letters(), read_planted())
    assert played.count_undelivered() == 0


def test_nobody_gets_two_messages_of_one_morning(played: Stage) -> None:
    mornings = Counter((letter.recipient, letter.day) for letter in played.list_letters())
    assert mornings
    assert max(mornings.values()) == 1


def test_digests_wait_for_a_working_day(played: Stage) -> None:
    alerting = played.year.alerting
    patient = {recipient.id for recipient in alerting.recipients if recipient.working_days_only}
    days = {letter.day for letter in played.list_letters() if letter.recipient in patient}
    assert days
    assert all(alerting.working_days.is_working(day) for day in days)


def test_no_agency_is_told_of_another(played: Stage, told: Telling) -> None:
    letters = played.list_letters()

    def find_foreign(recipient: str, own: str) -> list[str]:
        sent = [letter for letter in letters if letter.recipient == recipient]
        assert sent
        return [word for letter in sent for word in list_foreign_words(letter, own, told)]

    for recipient in ("my-tho", "go-cong"):
        assert find_foreign(recipient, COVERED[recipient]) == []
        assert find_foreign("lanh-dao", COVERED[recipient])  # they would be found
