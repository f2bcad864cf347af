"""The day of a run: the one place where a run of Airflow becomes a day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from cchc.calendar import DateRange
from cchc.tasks.context import find_days

STARTED = datetime(2024, 6, 30, 21, 30, tzinfo=UTC)  # 04:30 of 1 July, local


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCHC_NOW", "2024-07-02T08:00:00+07:00")


def make_context(
    params: dict[str, Any], partition_key: str | None = None, started: datetime = STARTED, **run: Any
) -> Any:
    """The context that Airflow gives a task: the parameters, and the attributes of its run."""
    known = {"run_type": "manual", "logical_date": None, "run_after": started, "start_date": started, "clear_number": 0}
    return {
        "dag": SimpleNamespace(dag_id="attainment", params={"date": None, "through": None}),
        "dag_run": SimpleNamespace(**{**known, "partition_key": partition_key, **run}),
        "params": {"date": None, "through": None, **params},
    }


def test_run_without_a_day_is_for_the_newest_day_that_was_over_when_it_was_due() -> None:
    assert find_days(make_context({})) == DateRange.inclusive(date(2024, 6, 30), date(2024, 6, 30))


def test_where_the_clock_stands_still_the_newest_day_is_that_of_the_clock() -> None:
    assert find_days(make_context({}, started=datetime(2026, 1, 1, tzinfo=UTC))).start == date(2024, 7, 1)


def test_partition_of_an_older_day_is_that_day() -> None:
    assert find_days(make_context({}, "2024-05-05")).start == date(2024, 5, 5)


@pytest.mark.parametrize(
    ("params", "partition_key", "why"),
    [
        ({"date": "2042-12-31"}, None, "2042-12-31 is not over yet, the newest day that is over is 2024-07-01"),
        ({"date": "2024-06-01", "through": "2042-12-31"}, None, "2042-12-31 is not over yet"),
        ({"date": "2023-12-31"}, None, "2023-12-31 is before 2024-01-01, the first day of the earliest plan"),
        ({}, "2042-12-31", "2042-12-31 is not over yet"),
        ({}, "tonight", "'tonight' is no day"),
        ({"date": "2024-06-01"}, "2024-06-02", "beside the partition"),
        ({"date": "2024-06-02", "through": "2024-06-01"}, None, "through 2024-06-01 is before"),
        ({"day": "2024-06-01"}, None, "unknown parameter day: there are date, through"),
    ],
)
def test_declined_run_fails_without_another_try_and_names_the_reason(
    params: dict[str, Any], partition_key: str | None, why: str
) -> None:
    with pytest.raises(AirflowFailException, match=f"attainment is not run: .*{why}.* Nothing was stored"):
        find_days(make_context(params, partition_key))


def test_plan_with_a_mistake_sets_no_first_day_and_declines_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plan_2024.yaml").write_text("province: H58\n\tvalid_from: 2024-01-01\n", encoding="utf-8")
    monkeypatch.setenv("CCHC_CATALOG", str(tmp_path))
    assert find_days(make_context({"date": "2023-12-31"})).start == date(2023, 12, 31)


def test_scheduled_run_is_not_compared_with_the_first_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plan_2024.yaml").write_text("province: H58\nvalid_from: 2042-01-01\n", encoding="utf-8")
    monkeypatch.setenv("CCHC_CATALOG", str(tmp_path))
    assert find_days(make_context({}, "2024-06-30", run_type="scheduled")).start == date(2024, 6, 30)
    with pytest.raises(AirflowFailException, match="2024-06-30 is before 2042-01-01"):
        find_days(make_context({"date": "2024-06-30"}))


def test_scheduled_run_of_a_day_that_is_not_over_is_declined() -> None:
    with pytest.raises(AirflowFailException, match="2042-12-31 is not over yet"):
        find_days(make_context({}, "2042-12-31", run_type="scheduled"))


@pytest.mark.parametrize("field", ["logical_date", "run_after"])
@pytest.mark.parametrize("hour", [datetime(2024, 6, 1, tzinfo=UTC), datetime(2042, 6, 1, tzinfo=UTC)])
def test_run_by_hand_whose_trigger_names_another_day_is_to_give_it_as_date(field: str, hour: datetime) -> None:
    why = f"its {field} is on {hour.date()}, which doesn't set the data date: pass that day as date. Nothing was stored"
    with pytest.raises(AirflowFailException, match=why):
        find_days(make_context({}, **{field: hour}))
    assert find_days(make_context({"date": "2024-06-01"}, **{field: hour})).start == date(2024, 6, 1)


@pytest.mark.parametrize(
    "run",
    [
        {"logical_date": datetime(2024, 6, 30, 16, 50, tzinfo=UTC)},  # 23:50 of 30 June, and queued over midnight
        {"start_date": datetime(2024, 8, 1, tzinfo=UTC), "clear_number": 1},
        {"start_date": None},
    ],
    ids=["it waited over midnight", "it was cleared weeks later", "it hasn't begun"],
)
def test_run_by_hand_without_a_day_is_for_the_newest_when_it_was_triggered(run: dict[str, Any]) -> None:
    assert find_days(make_context({}, **run)).start == date(2024, 6, 30)
