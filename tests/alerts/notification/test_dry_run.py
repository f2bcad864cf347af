"""preview_day: the messages of a run, and the reasons for silence; nothing is stored."""

from __future__ import annotations

from datetime import date, timedelta

from cchc.alerts.notification.dry_run import preview_day
from tests.alerts.attainment_fixture import DISTRICT, AttainmentFixture, make_recipient, morning

DAY = date(2024, 6, 3)


def print_day(attainment: AttainmentFixture, day: date) -> str:
    return "\n".join(preview_day(attainment.connection, attainment.alerting, day, morning(day)))


def put_days(attainment: AttainmentFixture, values: list[int], **columns: object) -> date:
    for number, value in enumerate(values):
        attainment.put(DAY + timedelta(days=number), value, **columns)
    return DAY + timedelta(days=len(values) - 1)


def test_messages_are_printed_and_not_stored(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, [46, 44])
    last = put_days(attainment, [46, 44, 44])
    lines = print_day(attainment, last)
    assert f"Run of {last}: 1 messages" in lines
    assert "== to leader (performance) by email, at 2024-06-06 07:00: [CCHC] 1 chỉ tiêu" in lines
    assert "II.1.b-1" in lines
    assert attainment.list_alerts() == []
    assert attainment.evaluate(last).opened == 1


def test_messages_of_a_past_day_are_printed_too(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, [46, 44, 44, 44])
    lines = print_day(attainment, DAY + timedelta(days=2))
    assert "1 messages" in lines
    assert "== to leader" in lines


def test_new_file_of_recipients_can_be_tried_on_a_past_day(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, [46, 44, 44])
    attainment.recipients = (make_recipient("new"),)
    assert "== to new" in print_day(attainment, DAY + timedelta(days=2))


def test_results_without_a_message_are_printed_with_their_reason(attainment: AttainmentFixture) -> None:
    attainment.recipients = (make_recipient("elsewhere", agencies=["H58.99"]),)
    attainment.run(DAY, [46, 44])
    last = put_days(attainment, [46, 44, 44])
    put_days(attainment, [46, 46, 44], agency=DISTRICT)
    attainment.put(last, 40, agency="H58.32", denominator=12)
    attainment.put(last, 40, agency="H58.33", flags=["TEMP_NATIONAL_REPORT_DENOMINATOR"])
    attainment.put(last, 40, agency="H58.34")
    lines = print_day(attainment, last)
    assert "0 messages" in lines
    assert "missed, no recipient wants it: 1 (2024/2024/II.1.b-1/primary/H58)" in lines
    assert "missed, not confirmed by 2 data days: 1 (II.1.b-1 H58.31)" in lines
    assert "missed, fewer than 30 cases: 1 (II.1.b-1 H58.32)" in lines
    assert "missed, can't be judged: provisional: 1 (II.1.b-1 H58.33)" in lines
    assert "missed, never attained this year: 1 (II.1.b-1 H58.34)" in lines


def test_episode_that_was_notified_before_is_named_so(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, [46, 44, 44, 44])
    assert "missed, notified before, and not over: 1 (II.1.b-1 H58)" in print_day(attainment, DAY + timedelta(days=3))


def test_rebuilt_history_is_named_so(attainment: AttainmentFixture) -> None:
    last = put_days(attainment, [46, 44, 44])
    lines = "\n".join(preview_day(attainment.connection, attainment.alerting, last, morning(last + timedelta(days=30))))
    assert "missed, history that is only being rebuilt: 1 (2024/2024/II.1.b-1/primary/H58)" in lines
