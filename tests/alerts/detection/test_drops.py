"""Unusual falls, against medians computed by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from cchc.alerts.detection.drops import Point, observe_drops
from cchc.alerts.rules import DropRule

RULE = DropRule(times_median=Decimal(3), least_points=Decimal(1), days=60, least_changes=14, confirmed_by_data_days=1)
START = date(2024, 3, 1)


def list_drops(values: list[str], *, missed: set[int] = frozenset(), gap_before_last: int = 0) -> list[int]:
    """The positions of unusual falls in a series with one value a day."""
    points = [
        Point(START + timedelta(days=place), Decimal(value), place not in missed) for place, value in enumerate(values)
    ]
    if gap_before_last:
        last = points[-1]
        points[-1] = Point(last.day + timedelta(days=gap_before_last), last.value, last.is_attained)
    observed = observe_drops(points, RULE)
    assert [observation.day for observation in observed] == [point.day for point in points]
    return [place for place, observation in enumerate(observed) if not observation.is_good]


def swing(days: int, by: str) -> list[str]:
    """50, 50 + by, 50 …: the median change is ``by``."""
    return [str(50 + (place % 2) * Decimal(by)) for place in range(days)]


def test_fall_of_more_than_three_medians_and_a_point_is_unusual() -> None:
    assert list_drops([*swing(15, "0.4"), "48.79"]) == [15]  # 1.21 > 3 × 0.4


def test_fall_of_exactly_three_medians_is_usual() -> None:
    assert list_drops([*swing(15, "0.4"), "48.8"]) == []


def test_fall_of_less_than_a_point_is_usual_in_any_series() -> None:
    assert list_drops([*["50"] * 15, "49.01"]) == []
    assert list_drops([*["50"] * 15, "49"]) == [15]


def test_fall_below_the_target_is_no_drop() -> None:
    assert list_drops([*["50"] * 15, "40"], missed={15}) == []


def test_rise_is_no_drop() -> None:
    assert list_drops([*["50"] * 15, "60"]) == []


def test_series_with_few_changes_has_no_drop() -> None:
    assert list_drops([*["50"] * 14, "40"]) == []


def test_fall_over_missing_days_is_divided_by_their_number() -> None:
    assert list_drops([*swing(15, "0.4"), "44"], gap_before_last=4) == []  # 6 in 5 days: 1.2 a day
    assert list_drops([*swing(15, "0.4"), "43.9"], gap_before_last=4) == [15]


def test_changes_older_than_sixty_days_do_not_count() -> None:
    assert list_drops([*swing(15, "2"), *["50"] * 70, "48"]) == [85]
