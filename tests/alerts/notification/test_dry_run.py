"""What a dry run prints: the messages of a night, and what nobody is told, why; nothing of it stays."""

from __future__ import annotations

from datetime import date, timedelta

from cchc.alerts.notification.dry_run import rehearse
from tests.alerts.board import DISTRICT, Board, make_recipient, morning

DAY = date(2024, 6, 3)


def print_night(board: Board, day: date) -> str:
    return "\n".join(rehearse(board.connection, board.alerting, day, morning(day)))


def put_nights(board: Board, values: list[int], **said: object) -> date:
    for number, value in enumerate(values):
        board.put(DAY + timedelta(days=number), value, **said)
    return DAY + timedelta(days=len(values) - 1)


def test_what_would_be_told_is_printed_and_not_written(board: Board) -> None:
    board.run(DAY, [46, 44])
    last = put_nights(board, [46, 44, 44])
    told = print_night(board, last)
    assert f"Night of {last}: 1 messages" in told
    assert "== to leader (performance) by email, at 2024-06-06 07:00: [CCHC] 1 chỉ tiêu" in told
    assert "II.1.b-1" in told
    assert board.list_alerts() == []
    assert board.evaluate(last).opened == 1


def test_what_was_told_that_night_is_printed_afterwards_too(board: Board) -> None:
    board.run(DAY, [46, 44, 44, 44])
    told = print_night(board, DAY + timedelta(days=2))
    assert "1 messages" in told
    assert "== to leader" in told


def test_a_new_file_of_recipients_can_be_tried_on_a_night_that_is_over(board: Board) -> None:
    board.run(DAY, [46, 44, 44])
    board.recipients = (make_recipient("newcomer"),)
    assert "== to newcomer" in print_night(board, DAY + timedelta(days=2))


def test_what_is_held_back_is_printed_with_its_reason(board: Board) -> None:
    board.recipients = (make_recipient("elsewhere", agencies=["H58.99"]),)
    board.run(DAY, [46, 44])
    last = put_nights(board, [46, 44, 44])
    put_nights(board, [46, 46, 44], agency=DISTRICT)
    board.put(last, 40, agency="H58.32", denominator=12)
    board.put(last, 40, agency="H58.33", flags=["TEMP_NATIONAL_REPORT_DENOMINATOR"])
    board.put(last, 40, agency="H58.34")
    told = print_night(board, last)
    assert "0 messages" in told
    assert "missed, no recipient wants it: 1 (2024/2024/II.1.b-1/primary/H58)" in told
    assert "missed, not confirmed by 2 data days: 1 (II.1.b-1 H58.31)" in told
    assert "missed, fewer than 30 cases: 1 (II.1.b-1 H58.32)" in told
    assert "missed, can't be judged: provisional: 1 (II.1.b-1 H58.33)" in told
    assert "missed, never attained this year: 1 (II.1.b-1 H58.34)" in told


def test_a_turn_that_was_told_before_is_named_as_that(board: Board) -> None:
    board.run(DAY, [46, 44, 44, 44])
    assert "missed, told before, and not over: 1 (II.1.b-1 H58)" in print_night(board, DAY + timedelta(days=3))


def test_a_rebuilt_past_is_named_as_that(board: Board) -> None:
    last = put_nights(board, [46, 44, 44])
    told = "\n".join(rehearse(board.connection, board.alerting, last, morning(last + timedelta(days=30))))
    assert "missed, history that is only being rebuilt: 1 (2024/2024/II.1.b-1/primary/H58)" in told
