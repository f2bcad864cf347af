"""Evaluation of restated, late and rebuilt results, and of the same results again."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.alerts.attainment_fixture import DISTRICT, AttainmentFixture

DAY = date(2024, 6, 3)  # a Monday


def after(days: int) -> date:
    return DAY + timedelta(days=days)


def test_second_evaluation_adds_no_step(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, [46, 44, 44])
    again = attainment.evaluate(after(2))
    assert (again.changed, again.opened) == (0, 0)
    assert attainment.list_steps() == ["opened"]


def test_result_rewritten_with_the_same_values_adds_no_step(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, [46, 44, 44])
    for number, value in enumerate([46, 44, 44]):
        attainment.put(after(number), value)
        attainment.evaluate(after(2), hour=6 + number)
    assert attainment.list_steps() == ["opened"]


def test_restatement_that_undoes_the_episode_withdraws_the_alert(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, [46, 44, 44])
    attainment.put(after(1), 46)
    attainment.put(after(2), 46)
    attainment.evaluate(after(2), hour=10)
    assert attainment.list_alerts("status", "resolution") == [("resolved", "withdrawn")]
    assert [step for _, step, _ in attainment.list_notifications()] == ["opened", "withdrawn"]


def test_restatement_that_moves_the_episode_keeps_the_alert(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, [46, 46, 44, 44])
    attainment.put(after(1), 44)
    attainment.evaluate(after(3), hour=10)
    assert attainment.list_alerts() == [("missed", "H58", after(1), "open")]
    assert attainment.list_steps() == ["opened"]


def test_recovery_that_is_restated_away_reopens_the_alert(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, [46, 44, 44, 46])
    attainment.put(after(3), 44)
    attainment.evaluate(after(3), hour=10)
    assert attainment.list_alerts() == [("missed", "H58", after(1), "open")]
    assert attainment.list_steps() == ["opened", "resolved", "reopened"]


def test_late_results_in_any_order_end_in_the_same_alert(attainment: AttainmentFixture) -> None:
    values = {0: 46, 1: 46, 2: 44, 3: 44, 4: 44}
    for number in (0, 1, 4, 3, 2):
        attainment.put(after(number), values[number])
        attainment.evaluate(after(max(4, number)))
    assert attainment.list_alerts() == [("missed", "H58", after(2), "open")]
    assert attainment.list_steps() == ["opened"]


def test_rebuilt_history_is_suppressed(attainment: AttainmentFixture) -> None:
    for number, value in enumerate([46, 44, 44]):
        attainment.put(after(number), value)
        attainment.evaluate(after(40), hour=5)
    assert attainment.list_alerts("status", "is_notified", "suppressed_reason") == [("open", False, "history")]
    assert attainment.list_notifications() == []


def test_first_evaluation_suppresses_all_but_the_last_days(attainment: AttainmentFixture) -> None:
    for number in range(40):
        attainment.put(after(number), 44 if number > 2 else 46)
        attainment.put(after(number), 44 if number > 37 else 46, agency=DISTRICT)
    attainment.evaluate(after(39))
    assert attainment.list_alerts("agency_code", "is_notified") == [("H58", False), (DISTRICT, True)]


def test_interrupted_evaluation_leaves_nothing(attainment: AttainmentFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    attainment.run(DAY, [46, 44])
    attainment.put(after(2), 44)
    with monkeypatch.context() as patched:
        patched.setattr("cchc.alerts.detection.evaluation.escalate", _cut_off)
        with pytest.raises(ConnectionAbortedError):
            attainment.evaluate(after(2))
    assert attainment.list_alerts() == []
    assert attainment.evaluate(after(2)).opened == 1


def _cut_off(*_: object) -> None:
    raise ConnectionAbortedError


def test_past_that_arrives_after_the_first_evaluation_is_suppressed(attainment: AttainmentFixture) -> None:
    live = after(120)
    attainment.run(live, [44])
    for number, value in enumerate([46, 44, 44]):
        attainment.put(after(number), value)
        attainment.evaluate(live, hour=9)
    assert attainment.list_alerts("began_on", "is_notified", "suppressed_reason") == [(after(1), False, "history")]


def test_two_quarters_reported_together_open_a_notified_alert(attainment: AttainmentFixture) -> None:
    attainment.add_indicator("II.6-1", judged="year_end", period="year")
    attainment.run(date(2024, 1, 10), [50])
    first, second, newest = date(2024, 3, 31), date(2024, 6, 30), date(2024, 7, 20)
    for day in (first, second, newest):
        columns = {"pace_target": 50, "pace_status": "behind", "data_date": min(day, second)}
        attainment.put(day, 20, code="II.6-1", **columns)
        attainment.put(day, 50)
    attainment.evaluate(newest)
    assert attainment.list_alerts("kind", "began_on", "is_notified") == [("behind", first, True)]


def test_late_plan_closes_alerts_of_the_earlier_plan(attainment: AttainmentFixture) -> None:
    attainment.run(date(2025, 2, 3), [46, 44, 44])
    attainment.connection.execute("delete from mart.indicator_attainment where indicator_code = 'II.1.b-1'")
    attainment.add_indicator("II.1.c-1")
    attainment.run(date(2025, 2, 6), [50], code="II.1.c-1")
    assert attainment.list_alerts("status", "resolution") == [("resolved", "closed")]
    assert [step for _, step, _ in attainment.list_notifications()] == ["opened"]


def test_january_counts_once_though_two_years_read_it(attainment: AttainmentFixture) -> None:
    new_year = date(2025, 1, 1)
    attainment.run(new_year - timedelta(days=2), [46, 46, 46])
    attainment.put(new_year + timedelta(days=1), 46, is_stale=True, data_date=new_year)
    attainment.put(new_year - timedelta(days=1), 47)
    attainment.put(new_year, 47)
    attainment.evaluate(new_year + timedelta(days=1))
    assert attainment.list_alerts() == []
