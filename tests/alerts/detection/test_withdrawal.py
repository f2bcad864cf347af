"""What a day that is withdrawn has done to alerts is undone, and whoever wasn't notified of it isn't notified now."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from cchc.alerts.detection.withdrawal import Undone, undo_day
from cchc.alerts.ledger import Ledger, NewAlert
from cchc.alerts.model import OperatorFacts
from cchc.alerts.notification.dispatch import write_message
from cchc.alerts.notification.outbox import compose_due
from cchc.warehouse.connection import run_file
from tests.alerts.board import PROVINCE, Board, make_recipient, morning

FIRST = date(2024, 6, 3)
MISSED_ON = FIRST + timedelta(days=2)  # confirmed on the second bad day
MISTYPED = date(2042, 12, 31)


@pytest.fixture
def missed(board: Board) -> Board:
    """A board whose province has fallen below its target, of which the leader was notified."""
    board.run(FIRST, [46, 44, 44])
    compose(board, MISSED_ON)
    assert board.list_alerts("kind", "status") == [("missed", "open")]
    return board


def compute_mistyped_day(board: Board) -> None:
    """The day that shouldn't be, by a clock years ahead: all that belonged to 2024 is over by then."""
    board.put(MISTYPED, None)
    board.evaluate(MISTYPED)


def take_out(board: Board, day: date) -> None:
    """The rows of a day, as make withdraw takes them out."""
    parameters = {"day": day, "province": PROVINCE}
    run_file(board.connection, "withdraw/results.sql", parameters)
    run_file(board.connection, "withdraw/watermark.sql", parameters)


def undo(board: Board) -> Undone:
    """As make withdraw does it: the rows, the mark, the alerts, then an evaluation."""
    with board.connection.transaction():
        take_out(board, MISTYPED)
        ledger = Ledger(board.connection, board.alerting, morning(MISSED_ON, 9))
        undone = undo_day(ledger, MISTYPED, MISSED_ON)
    board.evaluate(MISSED_ON, hour=10)
    return undone


def compose(board: Board, day: date, hour: int = 20) -> None:
    """Write every message that is due."""

    def write(recipient: Any, told: Any, is_urgent: bool) -> Any:
        return write_message(board.connection, board.alerting, recipient, told, is_urgent=is_urgent)

    compose_due(board.connection, board.recipients, morning(day + timedelta(days=7), hour), write)
    board.connection.execute("update ops.message set status = 'sent'")


def test_alert_that_the_day_ended_is_open_again_and_nobody_hears_of_it(missed: Board) -> None:
    notices = missed.list_notices()
    compute_mistyped_day(missed)
    assert missed.list_alerts("kind", "status", "resolved_on") == [("missed", "resolved", MISTYPED)]
    assert undo(missed) == Undone(reopened=1, withdrawn=0)
    assert missed.list_alerts("kind", "status", "resolved_on") == [("missed", "open", None)]
    assert missed.list_notices() == notices


def test_answer_to_an_alert_that_the_day_ended_holds_again(missed: Board) -> None:
    missed.connection.execute("select ops.acknowledge_alert(alert_id, 'An', 'đang rà soát') from ops.alert")
    compute_mistyped_day(missed)
    undo(missed)
    assert missed.list_alerts("status", "acknowledged_by") == [("acknowledged", "An")]


def open_failure(board: Board, day: date) -> None:
    facts = OperatorFacts(kind="run_failed", subject_vi="attainment", told="hỏng", runbook="A run failed")
    with board.connection.transaction():
        ledger = Ledger(board.connection, board.alerting, morning(MISSED_ON, 8))
        ledger.open(NewAlert("run_failed", "attainment", day, day, facts))


def test_failure_of_the_day_is_withdrawn_and_hides_none_any_more(missed: Board) -> None:
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
    told = [step for recipient, step, _ in missed.list_notices() if recipient == "operators"]
    assert told == ["opened"]  # of the night; what nobody had been told of the other day nobody is told


def test_who_was_notified_of_an_end_that_was_none_is_notified_that_it_goes_on(missed: Board) -> None:
    missed.put(MISTYPED, None)
    (alert,) = missed.connection.execute("select alert_id from ops.alert").fetchone() or (None,)
    with missed.connection.transaction():
        ledger = Ledger(missed.connection, missed.alerting, morning(MISSED_ON, 8))
        ledger.end(ledger.read(alert), "recovered", MISTYPED, MISTYPED)
    compose(missed, MISSED_ON)
    undo(missed)
    assert [step for _, step, _ in missed.list_notices()] == ["opened", "resolved", "reopened"]


@pytest.mark.parametrize("mistyped", [MISTYPED, date(2024, 12, 30)])
def test_day_that_is_not_over_ends_no_alert_and_hides_no_fall(missed: Board, mistyped: date) -> None:
    missed.add_indicator("II.1.b-2")
    for day, value in ((FIRST, 46), (MISSED_ON, 44), (MISSED_ON + timedelta(days=1), 44)):
        missed.put(day, value, code="II.1.b-2")
    for code in ("II.1.b-1", "II.1.b-2"):
        missed.put(mistyped, 50, code=code)
    missed.put(FIRST, 47)  # a restatement: the year is looked at anew
    missed.run(MISSED_ON + timedelta(days=1), [44])
    assert missed.list_alerts("indicator_code", "status") == [("II.1.b-1", "open"), ("II.1.b-2", "open")]


def test_rows_of_a_day_that_was_not_over_count_once_it_is(board: Board) -> None:
    board.run(FIRST, [46])
    for number in (1, 2):
        board.put(FIRST + timedelta(days=number), 44)
    board.evaluate(FIRST, hour=8)
    assert board.list_alerts() == []
    board.evaluate(FIRST + timedelta(days=2))  # none of its rows has changed since
    assert board.list_alerts("kind", "began_on") == [("missed", FIRST + timedelta(days=1))]


def test_fall_after_a_night_with_a_clock_years_ahead_is_found(board: Board) -> None:
    board.run(FIRST, [46])
    compute_mistyped_day(board)
    board.run(FIRST + timedelta(days=1), [44, 44])
    found = [("missed", "open", FIRST + timedelta(days=1))]
    assert board.list_alerts("kind", "status", "began_on") == found
    undo(board)
    assert board.list_alerts("kind", "status", "began_on") == found


def test_proper_day_that_ended_an_alert_is_undone_until_it_is_computed_again(missed: Board) -> None:
    recovered_on = MISSED_ON + timedelta(days=1)
    missed.run(recovered_on, [50])
    assert missed.list_alerts("status") == [("resolved",)]
    take_out(missed, recovered_on)
    missed.evaluate(recovered_on, hour=10)
    assert missed.list_alerts("status") == [("open",)]
    missed.run(recovered_on, [50])
    assert missed.list_alerts("status") == [("resolved",)]
