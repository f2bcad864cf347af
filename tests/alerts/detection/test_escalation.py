"""Escalation of unanswered alerts; acknowledgement and snooze."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from cchc.calendar import LOCAL
from tests.alerts.attainment_fixture import AttainmentFixture, make_recipient

DAY = date(2024, 6, 3)  # a Monday


def after(days: int) -> date:
    return DAY + timedelta(days=days)


def test_alert_without_an_answer_for_five_working_days_is_escalated_once(attainment: AttainmentFixture) -> None:
    attainment.recipients = (
        make_recipient("leader"),
        make_recipient("above", gets_escalations=True, least_severity="urgent"),
    )
    attainment.run(DAY, [46, 44, *[44] * 12])
    escalated = [(who, due_at) for who, step, due_at in attainment.list_notifications() if step == "escalated"]
    # Opened on Thursday 6 June, five working days later it is Thursday 13 June.
    assert escalated == [("above", datetime(2024, 6, 13, 7, tzinfo=LOCAL))]


def test_year_without_known_holidays_is_logged(attainment: AttainmentFixture, caplog: pytest.LogCaptureFixture) -> None:
    attainment.run(DAY, [46])
    assert "holidays.yaml doesn't cover 2024" in caplog.text


def acknowledge(attainment: AttainmentFixture, until: date | None = None) -> None:
    attainment.connection.execute(
        "select ops.acknowledge_alert(alert_id, 'Chánh Văn phòng', 'đang rà soát', %s) from ops.alert", [until]
    )


def test_acknowledged_alert_is_not_escalated_and_may_recover(attainment: AttainmentFixture) -> None:
    attainment.recipients = (make_recipient("above", gets_escalations=True),)
    attainment.run(DAY, [46, 44, 44])
    acknowledge(attainment)
    attainment.run(after(3), [44] * 12)
    assert attainment.list_steps() == ["opened", "acknowledged"]
    attainment.run(after(15), [46])
    assert attainment.list_alerts("status", "acknowledged_by", "acknowledged_why") == [
        ("resolved", "Chánh Văn phòng", "đang rà soát")
    ]


def test_lapsed_acknowledgement_starts_the_escalation_anew(attainment: AttainmentFixture) -> None:
    attainment.recipients = (make_recipient("above", gets_escalations=True),)
    attainment.run(DAY, [46, 44, 44])
    acknowledge(attainment, after(5))
    attainment.run(after(3), [44, 44, 44])
    assert attainment.list_alerts("status") == [("open",)]
    assert attainment.list_steps() == ["opened", "acknowledged", "lapsed"]
    attainment.run(after(6), [44] * 7)
    assert attainment.list_steps()[-1] == "escalated"


def test_snoozed_alert_notifies_nobody(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, [46, 44, 44])
    attainment.connection.execute("select ops.snooze_alert(alert_id, 'VP', 'bảo trì', %s) from ops.alert", [after(10)])
    attainment.run(after(3), [44, 46])
    assert attainment.list_steps() == ["opened", "snoozed", "resolved"]
    assert [step for _, step, _ in attainment.list_notifications()] == ["opened"]


@pytest.mark.parametrize(("by_whom", "why"), [("", "vì"), ("VP", " ")])
def test_answer_without_person_or_reason_is_an_error(attainment: AttainmentFixture, by_whom: str, why: str) -> None:
    attainment.run(DAY, [46, 44, 44])
    with pytest.raises(Exception, match="a person and a reason"):
        attainment.connection.execute("select ops.acknowledge_alert(alert_id, %s, %s) from ops.alert", [by_whom, why])
