"""undo_day: the alert steps of a withdrawn day are undone, and only recipients of these steps are notified."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from cchc.alerts.detection.withdrawal import Undone, undo_day
from cchc.alerts.lifecycle import AlertLifecycle, NewAlert
from cchc.alerts.model import OperatorFacts
from cchc.alerts.notification.dispatch import write_message
from cchc.alerts.notification.outbox import compose_due
from cchc.warehouse.connection import run_file
from tests.alerts.attainment_fixture import PROVINCE, AttainmentFixture, make_recipient, morning

FIRST = date(2024, 6, 3)
MISSED_ON = FIRST + timedelta(days=2)  # confirmed on the second bad day
MISTYPED = date(2042, 12, 31)


@pytest.fixture
def missed(attainment: AttainmentFixture) -> AttainmentFixture:
    """A warehouse whose province has fallen below its target; the leader was notified."""
    attainment.run(FIRST, [46, 44, 44])
    compose(attainment, MISSED_ON)
    assert attainment.list_alerts("kind", "status") == [("missed", "open")]
    return attainment


def compute_mistyped_day(attainment: AttainmentFixture) -> None:
    """Compute a day by a clock years ahead; every series of 2024 has ended by then."""
    attainment.put(MISTYPED, None)
    attainment.evaluate(MISTYPED)


def take_out(attainment: AttainmentFixture, day: date) -> None:
    """Remove the results of a day as make withdraw does."""
    parameters = {"day": day, "province": PROVINCE}
    run_file(attainment.connection, "withdraw/results.sql", parameters)
    run_file(attainment.connection, "withdraw/watermark.sql", parameters)


def undo(attainment: AttainmentFixture) -> Undone:
    """Withdraw a day as make withdraw does: results, watermark, alerts, then an evaluation."""
    with attainment.connection.transaction():
        take_out(attainment, MISTYPED)
        lifecycle = AlertLifecycle(attainment.connection, attainment.alerting, morning(MISSED_ON, 9))
        undone = undo_day(lifecycle, MISTYPED, MISSED_ON)
    attainment.evaluate(MISSED_ON, hour=10)
    return undone


def compose(attainment: AttainmentFixture, day: date, hour: int = 20) -> None:
    """Write every message that is due."""

    def write(recipient: Any, events: Any, is_urgent: bool) -> Any:
        return write_message(attainment.connection, attainment.alerting, recipient, events, is_urgent=is_urgent)

    compose_due(attainment.connection, attainment.recipients, morning(day + timedelta(days=7), hour), write)
    attainment.connection.execute("update ops.message set status = 'sent'")


def test_alert_that_the_day_ended_is_open_again_and_notifies_nobody(missed: AttainmentFixture) -> None:
    notifications = missed.list_notifications()
    compute_mistyped_day(missed)
    assert missed.list_alerts("kind", "status", "resolved_on") == [("missed", "resolved", MISTYPED)]
    assert undo(missed) == Undone(reopened=1, withdrawn=0)
    assert missed.list_alerts("kind", "status", "resolved_on") == [("missed", "open", None)]
    assert missed.list_notifications() == notifications


def test_answer_to_an_alert_that_the_day_ended_holds_again(missed: AttainmentFixture) -> None:
    missed.connection.execute("select ops.acknowledge_alert(alert_id, 'An', 'đang rà soát') from ops.alert")
    compute_mistyped_day(missed)
    undo(missed)
    assert missed.list_alerts("status", "acknowledged_by") == [("acknowledged", "An")]


def open_failure(attainment: AttainmentFixture, day: date) -> None:
    facts = OperatorFacts(kind="run_failed", subject_vi="attainment", details_vi="hỏng", runbook="A run failed")
    with attainment.connection.transaction():
        lifecycle = AlertLifecycle(attainment.connection, attainment.alerting, morning(MISSED_ON, 8))
        lifecycle.open(NewAlert("run_failed", "attainment", day, day, facts))


def test_failure_of_the_day_is_withdrawn_and_hides_no_other(missed: AttainmentFixture) -> None:
    missed.recipients = (*missed.recipients, make_recipient("operators", audience="operators", agencies=[]))
    open_failure(missed, MISTYPED)
    open_failure(missed, MISSED_ON)
    failures = "select began_on, status, resolution from ops.alert where kind = 'run_failed' order by began_on"
    assert missed.connection.execute(failures).fetchall() == [(MISTYPED, "open", None)]
    assert undo(missed) == Undone(reopened=0, withdrawn=1)
    open_failure(missed, MISSED_ON)
    assert missed.connection.execute(failures).fetchall() == [
        (MISSED_ON, "open", None),
        (MISTYPED, "resolved", "withdrawn"),
    ]
    steps = [step for recipient, step, _ in missed.list_notifications() if recipient == "operators"]
    assert steps == ["opened"]  # of the newest day; nobody had been notified of the other one


def test_recipient_of_an_undone_end_is_notified_of_the_reopening(missed: AttainmentFixture) -> None:
    missed.put(MISTYPED, None)
    (alert,) = missed.connection.execute("select alert_id from ops.alert").fetchone() or (None,)
    with missed.connection.transaction():
        lifecycle = AlertLifecycle(missed.connection, missed.alerting, morning(MISSED_ON, 8))
        lifecycle.end(lifecycle.read(alert), "recovered", MISTYPED, MISTYPED)
    compose(missed, MISSED_ON)
    undo(missed)
    assert [step for _, step, _ in missed.list_notifications()] == ["opened", "resolved", "reopened"]


@pytest.mark.parametrize("mistyped", [MISTYPED, date(2024, 12, 30)])
def test_day_that_is_not_over_ends_no_alert_and_hides_no_fall(missed: AttainmentFixture, mistyped: date) -> None:
    missed.add_indicator("II.1.b-2")
    for day, value in ((FIRST, 46), (MISSED_ON, 44), (MISSED_ON + timedelta(days=1), 44)):
        missed.put(day, value, code="II.1.b-2")
    for code in ("II.1.b-1", "II.1.b-2"):
        missed.put(mistyped, 50, code=code)
    missed.put(FIRST, 47)  # a restatement: the whole year is evaluated again
    missed.run(MISSED_ON + timedelta(days=1), [44])
    assert missed.list_alerts("indicator_code", "status") == [("II.1.b-1", "open"), ("II.1.b-2", "open")]


def test_rows_of_a_day_that_was_not_over_count_once_it_is(attainment: AttainmentFixture) -> None:
    attainment.run(FIRST, [46])
    for number in (1, 2):
        attainment.put(FIRST + timedelta(days=number), 44)
    attainment.evaluate(FIRST, hour=8)
    assert attainment.list_alerts() == []
    attainment.evaluate(FIRST + timedelta(days=2))  # none of its rows has changed since
    assert attainment.list_alerts("kind", "began_on") == [("missed", FIRST + timedelta(days=1))]


def test_fall_after_a_run_with_a_clock_years_ahead_is_found(attainment: AttainmentFixture) -> None:
    attainment.run(FIRST, [46])
    compute_mistyped_day(attainment)
    attainment.run(FIRST + timedelta(days=1), [44, 44])
    found = [("missed", "open", FIRST + timedelta(days=1))]
    assert attainment.list_alerts("kind", "status", "began_on") == found
    undo(attainment)
    assert attainment.list_alerts("kind", "status", "began_on") == found


def test_valid_day_that_ended_an_alert_is_undone_until_it_is_computed_again(missed: AttainmentFixture) -> None:
    recovered_on = MISSED_ON + timedelta(days=1)
    missed.run(recovered_on, [50])
    assert missed.list_alerts("status") == [("resolved",)]
    take_out(missed, recovered_on)
    missed.evaluate(recovered_on, hour=10)
    assert missed.list_alerts("status") == [("open",)]
    missed.run(recovered_on, [50])
    assert missed.list_alerts("status") == [("resolved",)]
