"""Detector: the order in which results arrive, and arrive again, makes no difference to the final states."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from cchc.alerts.detection import detector as detector_module
from cchc.alerts.detection.detector import Detector
from cchc.alerts.detection.episodes import Episode
from cchc.alerts.detection.results import Indicator, Result, SeriesKey
from cchc.alerts.detection.states import KINDS, AlertStates
from tests.alerts.attainment_fixture import PROVINCE, RULES

START = date(2024, 3, 1)
INDICATOR = Indicator(2024, "II.1.b-1", "primary", "II.1.b", "", "%", "year_end", True, "own")
SERIES = SeriesKey(2024, 2024, "II.1.b-1", "primary", PROVINCE)

# The result of a day: its value, whether it is stale, its flags, whether it exists.
RESULTS = st.builds(
    dict,
    value=st.sampled_from(["43", "44.9", "45", "45.3", "45.5", "47"]),
    is_stale=st.sampled_from([False, False, False, True]),
    flags=st.sampled_from([[], [], [], ["TEMP_NATIONAL_REPORT_DENOMINATOR"], ["children_differ"]]),
    is_there=st.sampled_from([True, True, True, False]),
)
WRITES = st.lists(st.tuples(st.integers(0, 24), RESULTS), min_size=1, max_size=60)


def make_row(day: int, value: str, is_stale: bool, flags: list[str], is_there: bool) -> Result:
    number, as_of_date = Decimal(value), START + timedelta(days=day)
    status = ("attained" if number >= 45 else "missed") if is_there else None
    pace_status = "on_track" if number >= 45 else "behind"
    return Result(
        as_of_date, 2024, 2024, "II.1.b-1", "primary", PROVINCE, PROVINCE, status, number * 10, Decimal(1000), number,
        Decimal(45), ">=", number - 45, Decimal(45), pace_status, as_of_date - timedelta(days=is_stale), is_stale,
        flags, None,
    )  # fmt: skip


class SeriesFixture:
    """The current results of one series, and a detector for them."""

    def __init__(self) -> None:
        self.results: dict[date, Result] = {}
        self.states: AlertStates = {kind: {} for kind in KINDS}
        self.detector = Detector(PROVINCE, {(2024, "II.1.b-1", "primary"): INDICATOR}, RULES, self.states, date.max)

    def write(self, results: list[Result]) -> None:
        """Change some results at once and detect."""
        self.results.update({result.as_of_date: result for result in results})

        def read(*_: Any) -> list[Result]:
            return [result for _, result in sorted(self.results.items()) if result.status is not None]

        changed = [self.results[day] for day in sorted({result.as_of_date for result in results})]
        with patch.object(detector_module, "read_series", read):
            self.detector.detect(None, changed)  # type: ignore[arg-type]

    def summarise(self) -> dict[str, tuple[bool, Episode | None]]:
        """For each kind whether the series is armed, and its open episode."""
        known = {kind: own[SERIES].detection for kind, own in self.states.items() if SERIES in own}
        return {kind: (state.is_armed, state.episode) for kind, state in known.items()}


@given(WRITES, st.randoms())
def test_detect_days_in_any_order_ends_in_the_same_states(
    writes: list[tuple[int, dict[str, Any]]], random: Any
) -> None:
    rows = {day: make_row(day, **fields) for day, fields in writes}
    in_order, shuffled, at_once = SeriesFixture(), SeriesFixture(), SeriesFixture()
    for day in sorted(rows):
        in_order.write([rows[day]])
    days = list(rows)
    random.shuffle(days)
    for day in days:
        shuffled.write([rows[day]])
    at_once.write(list(rows.values()))
    assert shuffled.summarise() == in_order.summarise() == at_once.summarise()


@given(WRITES)
def test_detect_a_restated_day_counts_as_its_last_version(writes: list[tuple[int, dict[str, Any]]]) -> None:
    restated, written_once = SeriesFixture(), SeriesFixture()
    for day, fields in writes:
        restated.write([make_row(day, **fields)])
    written_once.write([make_row(day, **fields) for day, fields in dict(writes).items()])
    assert restated.summarise() == written_once.summarise()


@given(WRITES)
def test_detect_the_same_results_again_changes_nothing(writes: list[tuple[int, dict[str, Any]]]) -> None:
    rows = [make_row(day, **fields) for day, fields in dict(writes).items()]
    series = SeriesFixture()
    series.write(rows)
    before = series.summarise()
    series.write(rows)
    assert series.summarise() == before
