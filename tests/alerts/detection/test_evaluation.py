"""What is told and what isn't, on the attainment table itself."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest

from cchc.calendar import LOCAL
from tests.alerts.board import DISTRICT, Board, make_recipient, morning

DAY = date(2024, 6, 3)  # a Monday


def after(days: int) -> date:
    return DAY + timedelta(days=days)


def test_a_crossing_is_one_alert_told_once(board: Board) -> None:
    board.run(DAY, [46, 44, 44, 43, 43])
    assert board.list_alerts() == [("missed", "H58", after(1), "open")]
    assert board.list_notices() == [("leader", "opened", morning(after(2), 7))]


def test_evaluated_again_nothing_is_told_again(board: Board) -> None:
    board.run(DAY, [46, 44, 44])
    again = board.evaluate(after(2))
    assert (again.changed, again.opened) == (0, 0)
    assert board.list_steps() == ["opened"]


def test_a_row_written_anew_with_the_same_figures_tells_nothing(board: Board) -> None:
    board.run(DAY, [46, 44, 44])
    for number, value in enumerate([46, 44, 44]):
        board.put(after(number), value)
        board.evaluate(after(2), hour=6 + number)
    assert board.list_steps() == ["opened"]


def test_recovery_is_told_to_who_was_told_of_the_crossing(board: Board) -> None:
    board.run(DAY, [46, 44, 44])
    board.recipients = (*board.recipients, make_recipient("newcomer"))
    board.run(after(3), ["45.2", "45.5"])
    assert board.list_alerts("status", "resolution", "resolved_on") == [("resolved", "recovered", after(4))]
    assert [(who, step) for who, step, _ in board.list_notices()] == [("leader", "opened"), ("leader", "resolved")]


@pytest.mark.parametrize(
    "said",
    [
        {"is_stale": True},
        {"flags": ["TEMP_NATIONAL_REPORT_DENOMINATOR"]},
        {"denominator": 29, "numerator": 12},
        {"status": "invalid"},
        {"status": "not_applicable"},
    ],
    ids=lambda said: next(iter(said)),
)
def test_what_cannot_be_judged_is_no_crossing(board: Board, said: dict[str, object]) -> None:
    board.run(DAY, [46, 46])
    board.run(after(2), [44, 44, 44], **said)
    assert [alert for alert in board.list_alerts() if alert[0] == "missed"] == []


def test_a_share_that_may_exceed_100_counts_as_any_other(board: Board) -> None:
    board.run(DAY, [101, 102], flags=["over_100"])
    board.run(after(2), [44, 44])
    assert [alert for alert in board.list_alerts() if alert[0] == "missed"] == [("missed", "H58", after(2), "open")]


def test_silent_days_between_two_missed_ones_do_not_keep_them_apart(board: Board) -> None:
    board.run(DAY, [46, 44])
    board.put(after(2), 44, is_stale=True, data_date=after(1))
    board.evaluate(after(2))
    board.run(after(3), [44])
    assert board.list_alerts() == [("missed", "H58", after(1), "open")]


def test_the_same_data_told_for_more_days_is_one_data_day(board: Board) -> None:
    board.run(DAY, [46, 44])
    board.put(after(2), 44, data_date=after(1))
    board.evaluate(after(2))
    assert board.list_alerts() == []


def test_a_share_of_agencies_is_judged_when_all_have_reported(board: Board) -> None:
    board.add_indicator("II.4-1", roll_up="share_of_agencies")
    board.run(DAY, [46, 44, 44], code="II.4-1", coverage=Decimal("0.9"), denominator=11)
    assert [alert for alert in board.list_alerts() if alert[0] == "missed"] == []
    board.run(after(3), [46, 44, 44], code="II.4-1", coverage=1, denominator=11)
    assert [alert[0] for alert in board.list_alerts() if alert[0] == "missed"] == ["missed"]


def test_an_agency_s_no_is_no_failure_where_only_some_must_say_yes(board: Board) -> None:
    board.add_indicator("II.2-2", roll_up="share_of_agencies", judged="year_end", period="year")
    for number, value in enumerate([100, 0, 0, 0]):
        said = {"pace_target": 20, "pace_status": "on_track" if value else "behind", "denominator": 1, "code": "II.2-2"}
        board.put(after(number), value, agency=DISTRICT, status="attained" if value else "missed", **said)
        board.run(after(number), [50])
    assert board.list_alerts() == []


def test_a_plan_that_serves_a_later_year_has_no_pace_there(board: Board) -> None:
    board.add_indicator("II.7-1", judged="year_end")
    board.run(date(2025, 2, 1), [1, 1, 1], code="II.7-1", pace_target=20, pace_status="behind", status="missed")
    assert board.list_alerts() == []


def test_what_cannot_be_judged_any_more_is_told_as_that(board: Board) -> None:
    board.run(DAY, [46])
    for number in (1, 2, 3):
        board.put(after(number), 46, is_stale=True, data_date=DAY)
        board.evaluate(after(number))
    assert board.list_alerts() == [("unknown", "H58", after(1), "open")]
    board.run(after(4), [46])
    assert board.list_alerts("status", "resolution") == [("resolved", "closed")]


def test_falling_behind_pace_and_catching_up(board: Board) -> None:
    board.add_indicator("II.7-1", judged="year_end", period="budget_year")

    def run(first: date, *values: int) -> None:
        for number, value in enumerate(values):
            status = "on_track" if value >= 20 else "behind"
            board.run(first + timedelta(days=number), [value], code="II.7-1", pace_target=20, pace_status=status)

    run(DAY, 20, 19, 19)
    assert board.list_alerts() == [("behind", "H58", after(1), "open")]
    run(after(3), 21)
    assert board.list_alerts("kind", "resolution") == [("behind", "recovered")]


def test_an_unusual_fall_above_the_target_is_told(board: Board) -> None:
    board.run(DAY, ["60"] * 16)
    board.run(after(16), ["58"])
    assert board.list_alerts("kind", "began_on", "severity") == [("drop", after(16), "info")]
    board.run(after(17), ["58"] * 7)
    assert board.list_alerts("status", "resolution") == [("resolved", "closed")]
    assert [step for _, step, _ in board.list_notices()] == ["opened"]


def test_a_reconciliation_that_breaks_is_told_to_operators_only(board: Board) -> None:
    board.recipients = (
        *board.recipients,
        make_recipient("operator", audience="operators", agencies=[], with_below=False),
    )
    board.run(DAY, [46])
    board.run(after(1), [46, 46], flags=["children_differ"])
    assert board.list_alerts("kind", "audience") == [("reconciliation", "operators")]
    assert [who for who, *_ in board.list_notices()] == ["operator"]


def test_a_restatement_that_undoes_the_crossing_withdraws_it(board: Board) -> None:
    board.run(DAY, [46, 44, 44])
    board.put(after(1), 46)
    board.put(after(2), 46)
    board.evaluate(after(2), hour=10)
    assert board.list_alerts("status", "resolution") == [("resolved", "withdrawn")]
    assert [step for _, step, _ in board.list_notices()] == ["opened", "withdrawn"]


def test_a_restatement_that_moves_the_crossing_is_the_same_alert(board: Board) -> None:
    board.run(DAY, [46, 46, 44, 44])
    board.put(after(1), 44)
    board.evaluate(after(3), hour=10)
    assert board.list_alerts() == [("missed", "H58", after(1), "open")]
    assert board.list_steps() == ["opened"]


def test_a_recovery_that_is_restated_away_opens_the_same_alert_again(board: Board) -> None:
    board.run(DAY, [46, 44, 44, 46])
    board.put(after(3), 44)
    board.evaluate(after(3), hour=10)
    assert board.list_alerts() == [("missed", "H58", after(1), "open")]
    assert board.list_steps() == ["opened", "resolved", "reopened"]


def test_nights_that_come_later_in_any_order_end_in_the_same_alert(board: Board) -> None:
    values = {0: 46, 1: 46, 2: 44, 3: 44, 4: 44}
    for number in (0, 1, 4, 3, 2):
        board.put(after(number), values[number])
        board.evaluate(after(max(4, number)))
    assert board.list_alerts() == [("missed", "H58", after(2), "open")]
    assert board.list_steps() == ["opened"]


def test_a_past_that_is_rebuilt_tells_nobody(board: Board) -> None:
    for number, value in enumerate([46, 44, 44]):
        board.put(after(number), value)
        board.evaluate(after(40), hour=5)
    assert board.list_alerts("status", "is_notified", "suppressed_reason") == [("open", False, "history")]
    assert board.list_notices() == []


def test_a_past_seen_for_the_first_time_tells_nobody_but_its_last_days_do(board: Board) -> None:
    for number in range(40):
        board.put(after(number), 44 if number > 2 else 46)
        board.put(after(number), 44 if number > 37 else 46, agency=DISTRICT)
    board.evaluate(after(39))
    assert board.list_alerts("agency_code", "is_notified") == [("H58", False), (DISTRICT, True)]


def test_an_agency_that_left_the_map_is_no_alert_any_more(board: Board) -> None:
    for number, value in enumerate([46, 44, 44]):
        board.put(after(number), value, agency=DISTRICT)
        board.run(after(number), [50])
    board.run(after(3), [50])
    assert board.list_alerts() == [("missed", DISTRICT, after(1), "resolved")]
    assert board.list_steps() == ["opened", "closed"]


def test_a_new_year_closes_what_was_open_and_begins_anew(board: Board) -> None:
    last = date(2024, 12, 31)
    board.run(last - timedelta(days=2), [46, 44, 44])
    board.run(date(2025, 1, 1), [40, 40, 40])
    assert board.list_alerts("figure_year", "status", "resolution") == [(2024, "resolved", "closed")]


def test_a_province_far_below_its_target_is_told_at_once(board: Board) -> None:
    board.run(DAY, [46, 40, 40])
    assert board.list_alerts("severity") == [("urgent",)]
    assert board.list_notices() == [("leader", "opened", morning(after(2)))]


def test_the_change_names_who_moved_it(board: Board) -> None:
    board.add_agency("H58.32", "Huyện Cai Lậy")
    for number, (own, other) in enumerate([(48, 46), (40, 46), (38, 47)]):
        board.put(after(number), own, agency=DISTRICT, numerator=own * 5, denominator=500)
        board.put(after(number), other, agency="H58.32", numerator=other * 5, denominator=500)
        board.put(after(number), Decimal(own + other) / 2, numerator=(own + other) * 5, denominator=1000)
        board.evaluate(after(number))
    facts = next(facts for agency, facts in board.list_alerts("agency_code", "facts") if agency == "H58")
    assert facts["change"]["since"] == str(DAY)
    assert Decimal(facts["change"]["value"]) == 47
    named = [(part["agency_name_vi"], Decimal(part["rate"])) for part in facts["change"]["contributions"]]
    assert named == [("Huyện Chợ Gạo", Decimal(-5))]


def test_nobody_s_answer_for_five_working_days_is_told_to_those_above_once(board: Board) -> None:
    board.recipients = (
        make_recipient("leader"),
        make_recipient("above", gets_escalations=True, least_severity="urgent"),
    )
    board.run(DAY, [46, 44, *[44] * 12])
    escalated = [(who, due_at) for who, step, due_at in board.list_notices() if step == "escalated"]
    # Opened on Thursday 6 June, five working days later it is Thursday 13 June.
    assert escalated == [("above", datetime(2024, 6, 13, 7, tzinfo=LOCAL))]


def test_a_year_whose_holidays_are_not_known_is_said(board: Board, caplog: pytest.LogCaptureFixture) -> None:
    board.run(DAY, [46])
    assert "holidays.yaml doesn't cover 2024" in caplog.text


def acknowledge(board: Board, until: date | None = None) -> None:
    board.connection.execute(
        "select ops.acknowledge_alert(alert_id, 'Chánh Văn phòng', 'đang rà soát', %s) from ops.alert", [until]
    )


def test_an_acknowledged_alert_is_not_escalated_and_may_recover(board: Board) -> None:
    board.recipients = (make_recipient("above", gets_escalations=True),)
    board.run(DAY, [46, 44, 44])
    acknowledge(board)
    board.run(after(3), [44] * 12)
    assert board.list_steps() == ["opened", "acknowledged"]
    board.run(after(15), [46])
    assert board.list_alerts("status", "acknowledged_by", "acknowledged_why") == [
        ("resolved", "Chánh Văn phòng", "đang rà soát")
    ]


def test_an_acknowledgement_lapses_and_then_the_clock_runs_anew(board: Board) -> None:
    board.recipients = (make_recipient("above", gets_escalations=True),)
    board.run(DAY, [46, 44, 44])
    acknowledge(board, after(5))
    board.run(after(3), [44, 44, 44])
    assert board.list_alerts("status") == [("open",)]
    assert board.list_steps() == ["opened", "acknowledged", "lapsed"]
    board.run(after(6), [44] * 7)
    assert board.list_steps()[-1] == "escalated"


def test_nobody_is_told_of_a_snoozed_alert(board: Board) -> None:
    board.run(DAY, [46, 44, 44])
    board.connection.execute("select ops.snooze_alert(alert_id, 'VP', 'bảo trì', %s) from ops.alert", [after(10)])
    board.run(after(3), [44, 46])
    assert board.list_steps() == ["opened", "snoozed", "resolved"]
    assert [step for _, step, _ in board.list_notices()] == ["opened"]


@pytest.mark.parametrize(("by_whom", "why"), [("", "vì"), ("VP", " ")])
def test_an_answer_says_who_and_why(board: Board, by_whom: str, why: str) -> None:
    board.run(DAY, [46, 44, 44])
    with pytest.raises(Exception, match="who and why"):
        board.connection.execute("select ops.acknowledge_alert(alert_id, %s, %s) from ops.alert", [by_whom, why])


def test_an_evaluation_cut_off_before_its_end_leaves_nothing(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    board.run(DAY, [46, 44])
    board.put(after(2), 44)
    with monkeypatch.context() as patched:
        patched.setattr("cchc.alerts.detection.evaluation.escalate", _cut_off)
        with pytest.raises(ConnectionAbortedError):
            board.evaluate(after(2))
    assert board.list_alerts() == []
    assert board.evaluate(after(2)).opened == 1


def _cut_off(*_: object) -> None:
    raise ConnectionAbortedError


def test_quiet_mornings_are_morning(board: Board) -> None:
    board.run(DAY + timedelta(days=2), [46, 44, 44])  # the second missed day is Friday: told on Monday
    assert board.list_notices() == [("leader", "opened", datetime.combine(date(2024, 6, 10), time(7), LOCAL))]


def test_a_past_that_comes_after_the_first_live_night_is_history(board: Board) -> None:
    live = after(120)
    board.run(live, [44])
    for number, value in enumerate([46, 44, 44]):
        board.put(after(number), value)
        board.evaluate(live, hour=9)
    assert board.list_alerts("began_on", "is_notified", "suppressed_reason") == [(after(1), False, "history")]


def test_reports_of_two_quarters_that_come_together_are_news(board: Board) -> None:
    board.add_indicator("II.6-1", judged="year_end", period="year")
    board.run(date(2024, 1, 10), [50])
    first, second, night = date(2024, 3, 31), date(2024, 6, 30), date(2024, 7, 20)
    for day in (first, second, night):
        said = {"pace_target": 50, "pace_status": "behind", "data_date": min(day, second)}
        board.put(day, 20, code="II.6-1", **said)
        board.put(day, 50)
    board.evaluate(night)
    assert board.list_alerts("kind", "began_on", "is_notified") == [("behind", first, True)]


def test_a_plan_that_comes_late_takes_nothing_back(board: Board) -> None:
    board.run(date(2025, 2, 3), [46, 44, 44])
    board.connection.execute("delete from mart.indicator_attainment where indicator_code = 'II.1.b-1'")
    board.add_indicator("II.1.c-1")
    board.run(date(2025, 2, 6), [50], code="II.1.c-1")
    assert board.list_alerts("status", "resolution") == [("resolved", "closed")]
    assert [step for _, step, _ in board.list_notices()] == ["opened"]


def test_a_january_is_counted_once_though_two_years_ask_for_it(board: Board) -> None:
    new_year = date(2025, 1, 1)
    board.run(new_year - timedelta(days=2), [46, 46, 46])
    board.put(new_year + timedelta(days=1), 46, is_stale=True, data_date=new_year)
    board.put(new_year - timedelta(days=1), 47)
    board.put(new_year, 47)
    board.evaluate(new_year + timedelta(days=1))
    assert board.list_alerts() == []


def test_an_alert_ends_once(board: Board) -> None:
    for number, value in enumerate([46, 44, 44]):
        board.put(after(number), value, agency=DISTRICT)
        board.run(after(number), [50])
    board.connection.execute("delete from mart.indicator_attainment where agency_code = %s", [DISTRICT])
    board.run(after(3), [50])
    assert board.list_steps() == ["opened", "closed"]


def test_the_height_is_never_a_provisional_figure(board: Board) -> None:
    board.run(DAY, [46])
    board.run(after(1), [99], flags=["TEMP_NATIONAL_REPORT_DENOMINATOR"])
    board.run(after(2), [44, 44])
    ((facts,),) = board.list_alerts("facts")
    assert (facts["change"]["since"], Decimal(facts["change"]["value"])) == (str(DAY), 46)


TASK = """
insert into mart.task (
    province_code, plan_year, task_code, ordinal, group_vi, content_vi, lead_agency_vi, deadline_kind, due_on,
    due_soon_days, indicator_codes
) values ('H58', 2024, 'PL.I.1', 1, '', 'Ban hành kế hoạch', '', 'quarter', %s, 14, '{}')
"""
TASK_STATUS = """
insert into mart.task_status (
    as_of_date, plan_year, task_code, agency_code, status, due_on, is_overdue, is_due_soon, run_id, computed_at
) values (%s, 2024, 'PL.I.1', 'H58', 'in_progress', %s, true, false, 'test', now())
"""


@pytest.mark.parametrize(("days_later", "is_notified"), [(0, True), (40, False)], ids=["live", "rebuilt"])
def test_an_overdue_task_is_told_unless_its_night_is_history(board: Board, days_later: int, is_notified: bool) -> None:
    due_on = DAY - timedelta(days=3)
    board.connection.execute(TASK, [due_on])
    board.connection.execute(TASK_STATUS, [DAY, due_on])
    board.put(DAY, 50)
    board.evaluate(after(days_later))
    assert board.list_alerts("kind", "is_notified") == [("task_overdue", is_notified)]


def test_a_task_overdue_since_long_is_told_where_the_watch_is_older(board: Board) -> None:
    board.run(DAY, [50])
    due_on = after(5)
    board.connection.execute(TASK, [due_on])
    board.connection.execute(TASK_STATUS, [after(40), due_on])
    board.run(after(40), [50])
    assert board.list_alerts("kind", "is_notified") == [("task_overdue", True)]
