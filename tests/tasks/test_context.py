"""The day of a run: the one place where a run of Airflow becomes a day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from cchc.days import DayRange
from cchc.tasks.context import find_days

STARTED = datetime(2024, 6, 30, 21, 30, tzinfo=UTC)  # 04:30 of 1 July, local


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCHC_NOW", "2024-07-02T08:00:00+07:00")


def tell(params: dict[str, Any], partition_key: str | None = None, started: datetime = STARTED) -> Any:
    """What Airflow tells a task of its run: parameters, with what else came with it among them."""
    return {
        "dag": SimpleNamespace(dag_id="attainment", params={"date": None, "through": None}),
        "dag_run": SimpleNamespace(partition_key=partition_key, run_after=started),
        "params": {"date": None, "through": None, **params},
    }


def test_run_without_a_day_is_for_the_newest_day_that_was_over_when_it_was_due() -> None:
    assert find_days(tell({})) == DayRange(date(2024, 6, 30), date(2024, 6, 30))


def test_where_the_clock_stands_still_the_newest_day_is_that_of_the_clock() -> None:
    assert find_days(tell({}, started=datetime(2026, 1, 1, tzinfo=UTC))).first == date(2024, 7, 1)


def test_partition_of_an_older_day_is_that_day() -> None:
    assert find_days(tell({}, "2024-05-05")).first == date(2024, 5, 5)


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
def test_run_that_may_not_be_fails_without_another_try_and_says_why(
    params: dict[str, Any], partition_key: str | None, why: str
) -> None:
    with pytest.raises(AirflowFailException, match=f"attainment is not run: .*{why}.* Nothing was stored"):
        find_days(tell(params, partition_key))


def test_plan_with_a_mistake_sets_no_first_day_and_refuses_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plan_2024.yaml").write_text("province: H58\n\tvalid_from: 2024-01-01\n", encoding="utf-8")
    monkeypatch.setenv("CCHC_CATALOG", str(tmp_path))
    assert find_days(tell({"date": "2023-12-31"})).first == date(2023, 12, 31)
