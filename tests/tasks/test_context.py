"""The day of a run: the one place where a run of Airflow becomes a day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from cchc.tasks.context import resolve_day

NOW = datetime(2024, 6, 30, 21, 30, tzinfo=UTC)  # 04:30 of 1 July, local


@pytest.mark.parametrize(
    ("params", "partition_key", "day"),
    [
        ({"date": "2024-03-01"}, "2024-06-30", date(2024, 3, 1)),
        ({"date": "2024-03-01"}, None, date(2024, 3, 1)),
        ({"date": None}, "2024-05-05", date(2024, 5, 5)),
        ({}, "2024-05-05", date(2024, 5, 5)),
        ({"date": None}, None, date(2024, 6, 30)),
        ({}, None, date(2024, 6, 30)),
    ],
)
def test_parameter_goes_before_partition_goes_before_the_newest_complete_day(
    params: dict[str, Any], partition_key: str | None, day: date
) -> None:
    assert resolve_day(params, partition_key, NOW) == day


@pytest.mark.parametrize("text", ["2024-02-30", "30/06/2024", "yesterday"])
def test_parameter_that_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"day|isoformat"):
        resolve_day({"date": text}, None, NOW)
