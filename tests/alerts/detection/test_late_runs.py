"""A night is late when its hour passes without it: once, whenever somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta

import pytest

from cchc.alerts.detection.late_runs import LateNights, check_nights, find_late_nights
from cchc.alerts.ledger import Alerting
from cchc.alerts.recipients import Recipient
from cchc.calendar import LOCAL
from cchc.warehouse.connection import LOADER, Login, connect
from tests.alerts.board import PROVINCE, RULES, WEEKENDS_ONLY
from tests.conftest import Warehouse

READY_BY = time(6, 30)
DAYS = [date(2024, 12, day) for day in range(26, 32)]
NEWEST = DAYS[-1]


def at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), LOCAL)


def ready_in_time(*nights: date) -> dict[date, datetime]:
    return {night: at(night + timedelta(days=1), "04:45") for night in nights}


MORNING_AFTER = NEWEST + timedelta(days=1)


def test_night_that_was_ready_by_its_hour_is_not_late():
    assert find_late_nights(ready_in_time(*DAYS), at(MORNING_AFTER, "06:31"), READY_BY) is None


@pytest.mark.parametrize(
    ("clock", "expected"),
    [("06:29:59", None), ("06:30:00", None), ("06:30:01", LateNights(NEWEST, NEWEST, None))],
)
def test_night_is_late_as_soon_as_its_hour_has_passed(clock, expected):
    assert find_late_nights(ready_in_time(*DAYS[:-1]), at(MORNING_AFTER, clock), READY_BY) == expected


@pytest.mark.parametrize(("clock", "is_late"), [("06:30:00", False), ("06:30:01", True)])
def test_night_ready_exactly_at_its_hour_is_in_time(clock, is_late):
    ready = ready_in_time(*DAYS[:-1]) | {NEWEST: at(MORNING_AFTER, clock)}
    assert (find_late_nights(ready, at(MORNING_AFTER, "07:00"), READY_BY) is not None) == is_late


def test_night_that_was_ready_late_says_when():
    ready_at = at(MORNING_AFTER, "07:12")
    ready = ready_in_time(*DAYS[:-1]) | {NEWEST: ready_at}
    assert find_late_nights(ready, at(MORNING_AFTER, "09:00"), READY_BY) == LateNights(NEWEST, NEWEST, ready_at)


def test_several_nights_are_one_stretch_since_the_last_one_that_is_there():
    ready = ready_in_time(*DAYS[:2])
    assert find_late_nights(ready, at(MORNING_AFTER, "08:00"), READY_BY) == LateNights(DAYS[2], NEWEST, None)


def test_night_made_up_within_the_stretch_shortens_it():
    ready = ready_in_time(*DAYS[:2]) | {DAYS[3]: at(MORNING_AFTER, "07:30")}
    assert find_late_nights(ready, at(MORNING_AFTER, "08:00"), READY_BY) == LateNights(DAYS[4], NEWEST, None)


def test_night_missing_is_late_until_the_hour_of_the_next_one():
    evening = at(MORNING_AFTER, "23:59")
    before_the_next = at(MORNING_AFTER + timedelta(days=1), "06:30")
    for now in (evening, before_the_next):
        assert find_late_nights(ready_in_time(*DAYS[:-1]), now, READY_BY) == LateNights(NEWEST, NEWEST, None)


def test_missing_night_is_late_although_the_next_one_is_there_before_its_hour():
    ready = ready_in_time(*DAYS[:-1], MORNING_AFTER)
    now = at(MORNING_AFTER + timedelta(days=1), "05:00")
    assert find_late_nights(ready, now, READY_BY) == LateNights(NEWEST, NEWEST, None)


def test_first_night_ever_has_no_hour():
    now = at(MORNING_AFTER, "10:00")
    assert find_late_nights({}, now, READY_BY) is None
    assert find_late_nights({NEWEST: at(MORNING_AFTER, "09:30")}, now, READY_BY) is None


def test_nights_attained_for_days_to_come_make_no_difference():
    ready = ready_in_time(*DAYS[:-1]) | {date(2025, 6, 1): at(MORNING_AFTER, "05:00")}
    assert find_late_nights(ready, at(MORNING_AFTER, "07:00"), READY_BY) == LateNights(NEWEST, NEWEST, None)


def test_hour_is_local_wherever_the_clock_is():
    now = datetime.fromisoformat("2024-12-31T23:31:00+00:00")
    assert find_late_nights(ready_in_time(*DAYS[:-1]), now, READY_BY) == LateNights(NEWEST, NEWEST, None)


@pytest.fixture
def look(warehouse: Warehouse) -> Iterator[Callable[..., None]]:
    """Look for late nights at a time, after noting the nights that have become ready until then."""
    operators = Recipient(
        id="operators", name_vi="Bộ phận vận hành", audience="operators", channel="email", address="o@example.invalid"
    )
    alerting = Alerting(PROVINCE, RULES, (operators,), WEEKENDS_ONLY)
    server = warehouse.server
    login = Login(server.host, server.port, warehouse.database, LOADER, server.credentials[LOADER])
    with connect(login) as connection:

        def look(now: datetime, **ready: datetime) -> None:
            for night, ready_at in ready.items():
                connection.execute(
                    "insert into ops.attainment_run (province_code, as_of_date, run_id, ready_at) values (%s, %s, 'test', %s)",
                    [PROVINCE, date.fromisoformat(night.removeprefix("on_")), ready_at],
                )
            check_nights(connection, alerting, now)

        yield look


def list_told(warehouse: Warehouse) -> list[tuple[str, str]]:
    """Steps that operators hear of, and what they are told of them."""
    return warehouse.query(
        "select s.step, a.facts ->> 'subject_vi' from ops.notification as n inner join ops.alert_step as s using (step_id)"
        " inner join ops.alert as a using (alert_id) order by n.notification_id"
    )


def test_late_night_is_told_once_and_that_it_is_there_once(look, warehouse):
    look(at(NEWEST, "09:00"), on_20241230=at(NEWEST, "04:45"))
    for clock in ("06:31", "06:45", "07:00"):
        look(at(MORNING_AFTER, clock))
    assert list_told(warehouse) == [("opened", "Đêm 31/12/2024")]
    look(at(MORNING_AFTER, "07:15"), on_20241231=at(MORNING_AFTER, "07:12"))
    look(at(MORNING_AFTER, "07:30"))
    assert list_told(warehouse) == [("opened", "Đêm 31/12/2024"), ("resolved", "Đêm 31/12/2024")]


def test_night_made_up_before_anybody_looked_is_told_with_its_time(look, warehouse):
    look(
        at(MORNING_AFTER, "07:15"),
        on_20241230=at(NEWEST, "04:45"),
        on_20241231=at(MORNING_AFTER, "07:12"),
    )
    assert [step for step, _ in list_told(warehouse)] == ["opened", "resolved"]
    ((told,),) = warehouse.query("select facts ->> 'told' from ops.alert")
    assert told == "đến 07:12 ngày 01/01/2025 mới có kết quả, hạn là 06:30 ngày 01/01/2025"


def test_several_late_nights_are_told_as_one_that_names_them(look, warehouse):
    look(at(MORNING_AFTER, "08:00"), on_20241227=at(DAYS[2], "04:45"))
    look(at(MORNING_AFTER + timedelta(days=1), "08:00"))
    assert list_told(warehouse) == [("opened", "4 đêm, từ 28/12/2024 đến 31/12/2024")]


def test_night_of_the_stretch_that_is_made_up_by_hand_tells_nothing_again(look, warehouse):
    look(at(MORNING_AFTER, "08:00"), on_20241227=at(DAYS[2], "04:45"))
    look(at(MORNING_AFTER, "08:15"), on_20241231=at(MORNING_AFTER, "08:10"))
    look(at(MORNING_AFTER, "08:30"), on_20241230=at(MORNING_AFTER, "08:20"))
    assert [step for step, _ in list_told(warehouse)] == ["opened", "resolved"]


def test_next_late_night_after_one_in_time_is_news(look, warehouse):
    look(at(DAYS[4], "08:00"), on_20241228=at(DAYS[3], "04:45"))
    look(at(DAYS[5], "08:00"), on_20241229=at(DAYS[4], "09:00"), on_20241230=at(DAYS[5], "04:45"))
    look(at(MORNING_AFTER, "08:00"))
    assert list_told(warehouse) == [
        ("opened", "Đêm 29/12/2024"),
        ("resolved", "Đêm 29/12/2024"),
        ("opened", "Đêm 31/12/2024"),
    ]
