"""Late runs: a run is late when its hour passes without attainment; it opens one alert, whenever it is checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta

import pytest

from cchc.alerts.detection.late_runs import LateRuns, check_late_runs, find_late_runs
from cchc.alerts.lifecycle import Alerting
from cchc.alerts.recipients import Recipient
from cchc.calendar import LOCAL
from cchc.warehouse.connection import LOADER, Login, connect
from tests.alerts.attainment_fixture import PROVINCE, RULES, WEEKENDS_ONLY
from tests.conftest import Warehouse

READY_BY = time(6, 30)
DAYS = [date(2024, 12, day) for day in range(26, 32)]
NEWEST = DAYS[-1]


def at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), LOCAL)


def ready_in_time(*days: date) -> dict[date, datetime]:
    return {day: at(day + timedelta(days=1), "04:45") for day in days}


MORNING_AFTER = NEWEST + timedelta(days=1)


def test_run_that_was_ready_by_its_hour_is_not_late():
    assert find_late_runs(ready_in_time(*DAYS), at(MORNING_AFTER, "06:31"), READY_BY) is None


@pytest.mark.parametrize(
    ("clock", "expected"),
    [("06:29:59", None), ("06:30:00", None), ("06:30:01", LateRuns(NEWEST, NEWEST, None))],
)
def test_run_is_late_as_soon_as_its_hour_has_passed(clock, expected):
    assert find_late_runs(ready_in_time(*DAYS[:-1]), at(MORNING_AFTER, clock), READY_BY) == expected


@pytest.mark.parametrize(("clock", "is_late"), [("06:30:00", False), ("06:30:01", True)])
def test_run_ready_exactly_at_its_hour_is_in_time(clock, is_late):
    ready = ready_in_time(*DAYS[:-1]) | {NEWEST: at(MORNING_AFTER, clock)}
    assert (find_late_runs(ready, at(MORNING_AFTER, "07:00"), READY_BY) is not None) == is_late


def test_run_that_was_ready_late_has_its_time():
    ready_at = at(MORNING_AFTER, "07:12")
    ready = ready_in_time(*DAYS[:-1]) | {NEWEST: ready_at}
    assert find_late_runs(ready, at(MORNING_AFTER, "09:00"), READY_BY) == LateRuns(NEWEST, NEWEST, ready_at)


def test_several_late_runs_are_one_range_since_the_last_ready_one():
    ready = ready_in_time(*DAYS[:2])
    assert find_late_runs(ready, at(MORNING_AFTER, "08:00"), READY_BY) == LateRuns(DAYS[2], NEWEST, None)


def test_run_repeated_within_the_range_shortens_it():
    ready = ready_in_time(*DAYS[:2]) | {DAYS[3]: at(MORNING_AFTER, "07:30")}
    assert find_late_runs(ready, at(MORNING_AFTER, "08:00"), READY_BY) == LateRuns(DAYS[4], NEWEST, None)


def test_missing_run_is_late_until_the_hour_of_the_next_one():
    evening = at(MORNING_AFTER, "23:59")
    before_the_next = at(MORNING_AFTER + timedelta(days=1), "06:30")
    for now in (evening, before_the_next):
        assert find_late_runs(ready_in_time(*DAYS[:-1]), now, READY_BY) == LateRuns(NEWEST, NEWEST, None)


def test_missing_run_is_late_although_the_next_one_is_ready_before_its_hour():
    ready = ready_in_time(*DAYS[:-1], MORNING_AFTER)
    now = at(MORNING_AFTER + timedelta(days=1), "05:00")
    assert find_late_runs(ready, now, READY_BY) == LateRuns(NEWEST, NEWEST, None)


def test_first_run_has_no_hour():
    now = at(MORNING_AFTER, "10:00")
    assert find_late_runs({}, now, READY_BY) is None
    assert find_late_runs({NEWEST: at(MORNING_AFTER, "09:30")}, now, READY_BY) is None


def test_runs_for_future_days_make_no_difference():
    ready = ready_in_time(*DAYS[:-1]) | {date(2025, 6, 1): at(MORNING_AFTER, "05:00")}
    assert find_late_runs(ready, at(MORNING_AFTER, "07:00"), READY_BY) == LateRuns(NEWEST, NEWEST, None)


def test_hour_is_local_for_any_time_zone_of_the_clock():
    now = datetime.fromisoformat("2024-12-31T23:31:00+00:00")
    assert find_late_runs(ready_in_time(*DAYS[:-1]), now, READY_BY) == LateRuns(NEWEST, NEWEST, None)


@pytest.fixture
def check(warehouse: Warehouse) -> Iterator[Callable[..., None]]:
    """Check for late runs at a time, after storing the days that have become ready until then."""
    operators = Recipient(
        id="operators", name_vi="Bộ phận vận hành", audience="operators", channel="email", address="o@example.invalid"
    )
    alerting = Alerting(PROVINCE, RULES, (operators,), WEEKENDS_ONLY)
    server = warehouse.server
    login = Login(server.host, server.port, warehouse.database, LOADER, server.credentials[LOADER])
    with connect(login) as connection:

        def check(now: datetime, **ready: datetime) -> None:
            for day, ready_at in ready.items():
                connection.execute(
                    "insert into ops.attainment_run (province_code, as_of_date, run_id, ready_at)"
                    " values (%s, %s, 'test', %s)",
                    [PROVINCE, date.fromisoformat(day.removeprefix("on_")), ready_at],
                )
            check_late_runs(connection, alerting, now)

        yield check


def list_notified(warehouse: Warehouse) -> list[tuple[str, str]]:
    """The steps that operators are notified of, and their subjects."""
    return warehouse.query(
        "select s.step, a.facts ->> 'subject_vi' from ops.notification as n"
        " inner join ops.alert_step as s using (step_id) inner join ops.alert as a using (alert_id)"
        " order by n.notification_id"
    )


def test_late_run_is_notified_once_and_its_recovery_once(check, warehouse):
    check(at(NEWEST, "09:00"), on_20241230=at(NEWEST, "04:45"))
    for clock in ("06:31", "06:45", "07:00"):
        check(at(MORNING_AFTER, clock))
    assert list_notified(warehouse) == [("opened", "Đêm 31/12/2024")]
    check(at(MORNING_AFTER, "07:15"), on_20241231=at(MORNING_AFTER, "07:12"))
    check(at(MORNING_AFTER, "07:30"))
    assert list_notified(warehouse) == [("opened", "Đêm 31/12/2024"), ("resolved", "Đêm 31/12/2024")]


def test_run_repeated_before_the_first_check_is_notified_with_its_time(check, warehouse):
    check(
        at(MORNING_AFTER, "07:15"),
        on_20241230=at(NEWEST, "04:45"),
        on_20241231=at(MORNING_AFTER, "07:12"),
    )
    assert [step for step, _ in list_notified(warehouse)] == ["opened", "resolved"]
    ((details,),) = warehouse.query("select facts ->> 'details_vi' from ops.alert")
    assert details == "đến 07:12 ngày 01/01/2025 mới có kết quả, hạn là 06:30 ngày 01/01/2025"


def test_several_late_runs_open_one_alert_that_names_them(check, warehouse):
    check(at(MORNING_AFTER, "08:00"), on_20241227=at(DAYS[2], "04:45"))
    check(at(MORNING_AFTER + timedelta(days=1), "08:00"))
    assert list_notified(warehouse) == [("opened", "4 đêm, từ 28/12/2024 đến 31/12/2024")]


def test_run_of_the_range_repeated_by_hand_notifies_nobody_again(check, warehouse):
    check(at(MORNING_AFTER, "08:00"), on_20241227=at(DAYS[2], "04:45"))
    check(at(MORNING_AFTER, "08:15"), on_20241231=at(MORNING_AFTER, "08:10"))
    check(at(MORNING_AFTER, "08:30"), on_20241230=at(MORNING_AFTER, "08:20"))
    assert [step for step, _ in list_notified(warehouse)] == ["opened", "resolved"]


def test_next_late_run_after_one_in_time_opens_an_alert(check, warehouse):
    check(at(DAYS[4], "08:00"), on_20241228=at(DAYS[3], "04:45"))
    check(at(DAYS[5], "08:00"), on_20241229=at(DAYS[4], "09:00"), on_20241230=at(DAYS[5], "04:45"))
    check(at(MORNING_AFTER, "08:00"))
    assert list_notified(warehouse) == [
        ("opened", "Đêm 29/12/2024"),
        ("resolved", "Đêm 29/12/2024"),
        ("opened", "Đêm 31/12/2024"),
    ]
