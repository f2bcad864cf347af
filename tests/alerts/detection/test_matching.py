"""One alert for one turn, whatever is restated."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from cchc.alerts.detection.episodes import Turn
from cchc.alerts.detection.matching import Ending, KnownAlert, Settlement, settle

ONE, TWO = UUID(int=1), UUID(int=2)
TODAY = date(2024, 6, 30)


def june(day: int) -> date:
    return date(2024, 6, day)


def settle_june(turns: list[Turn], known: list[KnownAlert], *, is_current: bool = True) -> Settlement:
    return settle(turns, known, TODAY, is_current=is_current)


def test_a_turn_that_nobody_knows_is_opened() -> None:
    turn = Turn(june(3), june(4))
    assert settle_june([turn], []) == Settlement(opened=turn)


def test_a_turn_that_is_known_is_not_opened_again() -> None:
    assert settle_june([Turn(june(3), june(4))], [KnownAlert(ONE, june(3))]) == Settlement()


def test_a_turn_whose_beginning_was_restated_is_the_same() -> None:
    for first in (2, 5):
        turn = Turn(june(first), june(first + 1))
        assert settle_june([turn], [KnownAlert(ONE, june(3))]) == Settlement(moved=KnownAlert(ONE, june(first)))


def test_a_turn_that_ended_ends_its_alert() -> None:
    turn = Turn(june(3), june(4), june(9))
    assert settle_june([turn], [KnownAlert(ONE, june(3))]) == Settlement((Ending(ONE, "recovered", june(9)),))


def test_a_turn_that_vanished_withdraws_its_alert() -> None:
    assert settle_june([], [KnownAlert(ONE, june(3))]) == Settlement((Ending(ONE, "withdrawn", TODAY),))
    earlier = Turn(june(1), june(2), june(3))
    assert settle_june([earlier], [KnownAlert(ONE, june(5))]) == Settlement((Ending(ONE, "withdrawn", TODAY),))


def test_a_turn_that_came_and_went_between_two_evaluations_is_nobody_s_news() -> None:
    assert settle_june([Turn(june(3), june(4), june(9))], []) == Settlement()


def test_the_next_turn_is_another_alert() -> None:
    turns = [Turn(june(3), june(4), june(9)), Turn(june(11), june(12))]
    assert settle_june(turns, [KnownAlert(ONE, june(3))]) == Settlement(
        (Ending(ONE, "recovered", june(9)),), opened=turns[1]
    )
    assert settle_june(turns, [KnownAlert(ONE, june(3), june(9))]) == Settlement(opened=turns[1])


def test_a_turn_whose_end_was_restated_away_is_opened_again_not_anew() -> None:
    known = [KnownAlert(TWO, june(1), june(2)), KnownAlert(ONE, june(3), june(9))]
    assert settle_june([Turn(june(3), june(4))], known) == Settlement(reopened=known[1])


def test_two_turns_that_became_one_keep_the_alert_that_is_open() -> None:
    known = [KnownAlert(ONE, june(3), june(9)), KnownAlert(TWO, june(11))]
    assert settle_june([Turn(june(3), june(4))], known) == Settlement(moved=KnownAlert(TWO, june(3)))


def test_a_cell_that_is_not_there_today_opens_nothing() -> None:
    assert settle_june([Turn(june(3), june(4))], [], is_current=False) == Settlement()
