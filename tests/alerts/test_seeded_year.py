"""The year of runs by the tasks' own functions: it ends in exactly the expected alerts and deliveries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from cchc.local.embedded import Database
from tests.alerts.year.alerts import check_alerts, read_alerts, read_expected
from tests.alerts.year.deliveries import COVERED, check_deliveries, list_foreign_words
from tests.alerts.year.oracle import list_alerts
from tests.alerts.year.scenario import DAYS, Scenario, read_year
from tests.alerts.year.stage import Stage, open_stage

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return read_year()


@pytest.fixture(scope="module")
def played(cluster: Database, scenario: Scenario, numbers: Iterator[int]) -> Iterator[Stage]:
    """The year after its last run."""
    with open_stage(cluster, f"year_{next(numbers)}", scenario) as stage:
        for day in DAYS:
            stage.year.run_day(day)
        yield stage


def test_expected_alerts_are_those_of_the_oracle(scenario: Scenario) -> None:
    check_alerts(read_expected(), list_alerts(scenario))


def test_year_ends_in_exactly_the_expected_alerts(played: Stage) -> None:
    check_alerts(read_expected(), read_alerts(played.year.connection))


def test_each_step_notifies_its_recipients_once(played: Stage) -> None:
    check_deliveries(played.list_deliveries(), read_expected())
    assert played.count_undelivered() == 0


def test_nobody_gets_two_messages_of_one_morning(played: Stage) -> None:
    mornings = Counter((delivery.recipient, delivery.day) for delivery in played.list_deliveries())
    assert mornings
    assert max(mornings.values()) == 1


def test_digests_wait_for_a_working_day(played: Stage) -> None:
    alerting = played.year.alerting
    patient = {recipient.id for recipient in alerting.recipients if recipient.working_days_only}
    days = {delivery.day for delivery in played.list_deliveries() if delivery.recipient in patient}
    assert days
    assert all(alerting.working_days.is_working(day) for day in days)


def test_no_agency_is_notified_of_another(played: Stage, scenario: Scenario) -> None:
    deliveries = played.list_deliveries()

    def find_foreign(recipient: str, own: str) -> list[str]:
        sent = [delivery for delivery in deliveries if delivery.recipient == recipient]
        assert sent
        return [word for delivery in sent for word in list_foreign_words(delivery, own, scenario)]

    for recipient in ("my-tho", "go-cong"):
        assert find_foreign(recipient, COVERED[recipient]) == []
        assert find_foreign("lanh-dao", COVERED[recipient])  # they would be found
