"""Alerts of tasks that are overdue."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.alerts.attainment_fixture import AttainmentFixture

DAY = date(2024, 6, 3)  # a Monday


def after(days: int) -> date:
    return DAY + timedelta(days=days)


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
def test_overdue_task_is_notified_unless_its_day_is_history(
    attainment: AttainmentFixture, days_later: int, is_notified: bool
) -> None:
    due_on = DAY - timedelta(days=3)
    attainment.connection.execute(TASK, [due_on])
    attainment.connection.execute(TASK_STATUS, [DAY, due_on])
    attainment.put(DAY, 50)
    attainment.evaluate(after(days_later))
    assert attainment.list_alerts("kind", "is_notified") == [("task_overdue", is_notified)]


def test_task_that_became_overdue_after_the_first_evaluation_is_notified(attainment: AttainmentFixture) -> None:
    attainment.run(DAY, [50])
    due_on = after(5)
    attainment.connection.execute(TASK, [due_on])
    attainment.connection.execute(TASK_STATUS, [after(40), due_on])
    attainment.run(after(40), [50])
    assert attainment.list_alerts("kind", "is_notified") == [("task_overdue", True)]
