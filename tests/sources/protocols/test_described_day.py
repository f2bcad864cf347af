"""The data date of a portal's answer, by the time at which it was captured."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cchc.calendar import newest_complete_day
from cchc.sources.protocols.portal import described_day

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@pytest.mark.parametrize(
    ("captured_at", "day"),
    [
        ("2024-06-30T04:30:00+07:00", "2024-06-29"),
        ("2024-06-30T02:00:00+07:00", "2024-06-29"),
        ("2024-06-30T01:59:59.999999+07:00", "2024-06-28"),
        ("2024-06-30T00:00:00+07:00", "2024-06-28"),
        ("2024-06-29T23:59:59+07:00", "2024-06-28"),
        ("2024-06-29T19:00:00+00:00", "2024-06-29"),
        ("2024-06-29T18:59:59+00:00", "2024-06-28"),
        ("2024-06-29T12:00:00-07:00", "2024-06-29"),
        ("2025-01-01T04:30:00+07:00", "2024-12-31"),
        ("2024-03-01T03:00:00+07:00", "2024-02-29"),
        ("2026-09-26T11:20:53+00:00", "2026-09-25"),  # the excerpts of portal766/
    ],
)
def test_capture_describes_the_day_before_its_local_date_two_hours_earlier(captured_at: str, day: str) -> None:
    assert described_day(datetime.fromisoformat(captured_at)) == date.fromisoformat(day)


@given(MOMENTS, st.integers(-23, 23))
def test_described_day_is_that_of_the_moment_whatever_zone_it_is_written_in(moment: datetime, offset: int) -> None:
    assert described_day(moment.astimezone(timezone(timedelta(hours=offset)))) == described_day(moment)


@given(MOMENTS)
def test_each_day_is_described_for_exactly_one_day(moment: datetime) -> None:
    assert described_day(moment + timedelta(days=1)) == described_day(moment) + timedelta(days=1)
    assert described_day(moment) < newest_complete_day(moment) + timedelta(days=1)
