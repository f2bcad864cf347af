"""Evaluation of new results: which alerts they open and end, and who is notified."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest

from cchc.calendar import LOCAL
from tests.alerts.attainment_fixture import DISTRICT, AttainmentFixture, make_recipient, morning

DAY = date(2024, 6, 3)  # a Monday


def after(days: int) -> date:
    return DAY + timedelta(days=days)


def test_two_missed_days_open_one_alert_with_one_notification(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, [46, 44, 44, 43, 43])
    assert attainment.list_alerts() == [("missed", "H58", after(1), "open")]
    assert attainment.list_notifications() == [("leader", "opened", morning(after(2), 7))]


def test_recovery_notifies_the_recipients_of_the_opening(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, [46, 44, 44])
    attainment.recipients = (*attainment.recipients, make_recipient("later"))
    attainment.run(after(3), ["45.2", "45.5"])
    assert attainment.list_alerts("status", "resolution", "resolved_on") == [("resolved", "recovered", after(4))]
    assert [(who, step) for who, step, _ in attainment.list_notifications()] == [
        ("leader", "opened"),
        ("leader", "resolved"),
    ]


@pytest.mark.parametrize(
    "columns",
    [
        {"is_stale": True},
        {"flags": ["TEMP_NATIONAL_REPORT_DENOMINATOR"]},
        {"denominator": 29, "numerator": 12},
        {"status": "invalid"},
        {"status": "not_applicable"},
    ],
    ids=lambda columns: next(iter(columns)),
)
def test_unjudgeable_result_opens_no_missed_alert(attainment: AttainmentFixture, columns: dict[str, object]) -> None:
    attainment.run(DAY, [46, 46])
    attainment.run(after(2), [44, 44, 44], **columns)
    assert [alert for alert in attainment.list_alerts() if alert[0] == "missed"] == []


def test_share_that_may_exceed_100_counts_as_any_other(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, [101, 102], flags=["over_100"])
    attainment.run(after(2), [44, 44])
    assert [alert for alert in attainment.list_alerts() if alert[0] == "missed"] == [
        ("missed", "H58", after(2), "open")
    ]


def test_stale_day_between_two_missed_ones_does_not_interrupt_them(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, [46, 44])
    attainment.put(after(2), 44, is_stale=True, data_date=after(1))
    attainment.evaluate(after(2))
    attainment.run(after(3), [44])
    assert attainment.list_alerts() == [("missed", "H58", after(1), "open")]


def test_same_data_date_on_several_days_counts_once(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, [46, 44])
    attainment.put(after(2), 44, data_date=after(1))
    attainment.evaluate(after(2))
    assert attainment.list_alerts() == []


def test_share_of_agencies_is_judged_when_all_have_reported(attainment: AttainmentFixture) -> None:
    attainment.add_indicator("II.4-1", roll_up="share_of_agencies")
    attainment.run(DAY, [46, 44, 44], code="II.4-1", coverage=Decimal("0.9"), denominator=11)
    assert [alert for alert in attainment.list_alerts() if alert[0] == "missed"] == []
    attainment.run(after(3), [46, 44, 44], code="II.4-1", coverage=1, denominator=11)
    assert [alert[0] for alert in attainment.list_alerts() if alert[0] == "missed"] == ["missed"]


def test_no_of_one_agency_opens_no_alert_where_only_some_must_comply(attainment: AttainmentFixture) -> None:
    attainment.add_indicator("II.2-2", roll_up="share_of_agencies", judged="year_end", period="year")
    for number, value in enumerate([100, 0, 0, 0]):
        columns = {
            "pace_target": 20,
            "pace_status": "on_track" if value else "behind",
            "denominator": 1,
            "code": "II.2-2",
        }
        attainment.put(after(number), value, agency=DISTRICT, status="attained" if value else "missed", **columns)
        attainment.run(after(number), [50])
    assert attainment.list_alerts() == []


def test_plan_that_serves_a_later_year_has_no_pace_there(attainment: AttainmentFixture) -> None:
    attainment.add_indicator("II.7-1", judged="year_end")
    attainment.run(date(2025, 2, 1), [1, 1, 1], code="II.7-1", pace_target=20, pace_status="behind", status="missed")
    assert attainment.list_alerts() == []


def test_result_that_becomes_stale_opens_an_unknown_alert(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, [46])
    for number in (1, 2, 3):
        attainment.put(after(number), 46, is_stale=True, data_date=DAY)
        attainment.evaluate(after(number))
    assert attainment.list_alerts() == [("unknown", "H58", after(1), "open")]
    attainment.run(after(4), [46])
    assert attainment.list_alerts("status", "resolution") == [("resolved", "closed")]


def test_behind_alert_recovers_when_the_value_catches_up(attainment: AttainmentFixture) -> None:
    attainment.add_indicator("II.7-1", judged="year_end", period="budget_year")

    def run(first: date, *values: int) -> None:
        for number, value in enumerate(values):
            status = "on_track" if value >= 20 else "behind"
            attainment.run(first + timedelta(days=number), [value], code="II.7-1", pace_target=20, pace_status=status)

    run(DAY, 20, 19, 19)
    assert attainment.list_alerts() == [("behind", "H58", after(1), "open")]
    run(after(3), 21)
    assert attainment.list_alerts("kind", "resolution") == [("behind", "recovered")]


def test_unusual_fall_above_the_target_opens_a_drop_alert(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, ["60"] * 16)
    attainment.run(after(16), ["58"])
    assert attainment.list_alerts("kind", "began_on", "severity") == [("drop", after(16), "info")]
    attainment.run(after(17), ["58"] * 7)
    assert attainment.list_alerts("status", "resolution") == [("resolved", "closed")]
    assert [step for _, step, _ in attainment.list_notifications()] == ["opened"]


def test_broken_reconciliation_notifies_operators_only(attainment: AttainmentFixture) -> None:
    attainment.recipients = (
        *attainment.recipients,
        make_recipient("operator", audience="operators", agencies=[], with_below=False),
    )
    attainment.run(DAY, [46])
    attainment.run(after(1), [46, 46], flags=["children_differ"])
    assert attainment.list_alerts("kind", "audience") == [("reconciliation", "operators")]
    assert [who for who, *_ in attainment.list_notifications()] == ["operator"]


def test_agency_that_left_the_map_has_its_alert_closed(attainment: AttainmentFixture) -> None:
    for number, value in enumerate([46, 44, 44]):
        attainment.put(after(number), value, agency=DISTRICT)
        attainment.run(after(number), [50])
    attainment.run(after(3), [50])
    assert attainment.list_alerts() == [("missed", DISTRICT, after(1), "resolved")]
    assert attainment.list_steps() == ["opened", "closed"]


def test_new_year_closes_open_alerts_and_begins_new_series(attainment: AttainmentFixture) -> None:
    last = date(2024, 12, 31)
    attainment.run(last - timedelta(days=2), [46, 44, 44])
    attainment.run(date(2025, 1, 1), [40, 40, 40])
    assert attainment.list_alerts("figure_year", "status", "resolution") == [(2024, "resolved", "closed")]


def test_province_far_below_its_target_is_urgent(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, [46, 40, 40])
    assert attainment.list_alerts("severity") == [("urgent",)]
    assert attainment.list_notifications() == [("leader", "opened", morning(after(2)))]


def test_facts_of_a_change_name_the_agencies_that_made_it(attainment: AttainmentFixture) -> None:
    attainment.add_agency("H58.32", "Huyện Cai Lậy")
    for number, (own, other) in enumerate([(48, 46), (40, 46), (38, 47)]):
        attainment.put(after(number), own, agency=DISTRICT, numerator=own * 5, denominator=500)
        attainment.put(after(number), other, agency="H58.32", numerator=other * 5, denominator=500)
        attainment.put(after(number), Decimal(own + other) / 2, numerator=(own + other) * 5, denominator=1000)
        attainment.evaluate(after(number))
    facts = next(facts for agency, facts in attainment.list_alerts("agency_code", "facts") if agency == "H58")
    assert facts["change"]["since"] == str(DAY)
    assert Decimal(facts["change"]["value"]) == 47
    named = [(part["agency_name_vi"], Decimal(part["rate"])) for part in facts["change"]["contributions"]]
    assert named == [("Huyện Chợ Gạo", Decimal(-5))]


def test_notification_of_a_weekend_is_due_on_monday(attainment: AttainmentFixture) -> None:
    attainment.run(DAY + timedelta(days=2), [46, 44, 44])  # Friday is the second missed day: due on Monday
    assert attainment.list_notifications() == [
        ("leader", "opened", datetime.combine(date(2024, 6, 10), time(7), LOCAL))
    ]


def test_alert_ends_once(attainment: AttainmentFixture) -> None:
    for number, value in enumerate([46, 44, 44]):
        attainment.put(after(number), value, agency=DISTRICT)
        attainment.run(after(number), [50])
    attainment.connection.execute("delete from mart.indicator_attainment where agency_code = %s", [DISTRICT])
    attainment.run(after(3), [50])
    assert attainment.list_steps() == ["opened", "closed"]


def test_change_ignores_provisional_peaks(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, [46])
    attainment.run(after(1), [99], flags=["TEMP_NATIONAL_REPORT_DENOMINATOR"])
    attainment.run(after(2), [44, 44])
    ((facts,),) = attainment.list_alerts("facts")
    assert (facts["change"]["since"], Decimal(facts["change"]["value"])) == (str(DAY), 46)
