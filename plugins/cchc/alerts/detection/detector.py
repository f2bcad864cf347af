"""Detection over all series of a province: changed results advance the states of their series.

A result later than the stored state advances the state. An earlier one (a restatement, a backfill) has the whole year
of its series read again, so that the order of runs makes no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

import psycopg

from cchc.alerts.detection.drops import Point, may_be_drop, observe_drops
from cchc.alerts.detection.episodes import Episode, detect_episodes
from cchc.alerts.detection.results import (
    COUNTS_AGENCIES,
    Indicator,
    Indicators,
    Result,
    SeriesKey,
    is_judgeable,
    observe,
    read_series,
    select_first_results,
)
from cchc.alerts.detection.states import KINDS, AlertState, AlertStates
from cchc.alerts.model import IndicatorKind
from cchc.alerts.rules import Rules

# So many series are read again at once, with all results of their years.
SERIES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Detection:
    """The episodes of a series for one kind, by beginning, and the newest of the results that were read."""

    series: SeriesKey
    kind: IndicatorKind
    episodes: Sequence[Episode]
    newest: Result


@dataclass(frozen=True, slots=True)
class Detector:
    """Detects episodes. ``states`` are updated in place; results after the day ``newest`` are not read."""

    province: str
    indicators: Indicators
    rules: Rules
    states: AlertStates
    newest: date

    def detect(self, connection: psycopg.Connection, results: Iterable[Result]) -> list[Detection]:
        """The detections of each series with a changed result; ``results``: by series, then by day."""
        detections: list[Detection] = []
        whole_years: dict[SeriesKey, Result] = {}
        for series, changed in groupby(results, lambda result: result.series):
            own = list(changed)
            if self._needs_whole_year(series, own):
                whole_years[series] = own[-1]
            else:
                detections += self._advance(series, own)
        for keys in _chunk(list(whole_years), SERIES_AT_ONCE):
            by_series: dict[SeriesKey, list[Result]] = {series: [] for series in keys}
            for result in read_series(connection, keys, self.newest):
                by_series[result.series].append(result)
            for series, year in by_series.items():
                detections += self._detect_again(series, year or [whole_years[series]])
        return detections

    def _needs_whole_year(self, series: SeriesKey, results: Sequence[Result]) -> bool:
        """Whether a day that was evaluated has changed, or a fall must be compared with its history."""
        stored = [own[series] for own in self.states.values() if series in own]
        if any(results[0].as_of_date <= state.evaluated_to for state in stored):
            return True
        drop = self.states["drop"].get(series)
        value = drop.last_value if drop else None
        for result in results:
            is_fall = value is not None and may_be_drop(value, _make_point(result), self.rules.drop)
            if (is_fall or len(results) > 1) and self._counts_for_drops(series, result):
                if is_fall:
                    return True
                value = result.value
        return False

    def _counts_for_drops(self, series: SeriesKey, result: Result) -> bool:
        indicator = self._find_indicator(series)
        is_observed = observe("drop", result, indicator, self.rules) is not None
        return is_observed and is_judgeable(result, indicator, self.rules)

    def _detect_again(self, series: SeriesKey, results: Sequence[Result]) -> list[Detection]:
        """The detections of a series, computed over its whole year instead of from its stored states.

        A kind that had a state, and has none after this, gets a detection without episodes: its alert is withdrawn.
        """
        known = {kind for kind, own in self.states.items() if own.pop(series, None)}
        detected = {detection.kind: detection for detection in self._advance(series, results)}
        lost = [Detection(series, kind, [], results[-1]) for kind in known - detected.keys()]
        return [*detected.values(), *lost]

    def _find_indicator(self, series: SeriesKey) -> Indicator:
        return self.indicators[series.plan_year, series.indicator_code, series.variant]

    def _advance(self, series: SeriesKey, results: Sequence[Result]) -> list[Detection]:
        """Advance the state of a series for each of its kinds."""
        indicator = self._find_indicator(series)
        by_data_date = select_first_results(results)
        judgeable = [result for result in by_data_date if is_judgeable(result, indicator, self.rules)]
        counted: dict[IndicatorKind, Sequence[Result]] = {"unknown": results, "reconciliation": by_data_date}
        detections = []
        for kind in choose_kinds(series, indicator, self.province):
            state = self.states[kind].get(series)
            last_day = state.detection.last_day if state else date.min
            seen = [
                (observation, result)
                for result in counted.get(kind, judgeable)
                if (observation := observe(kind, result, indicator, self.rules)) and observation.day > last_day
            ]
            observations = [observation for observation, _ in seen]
            if kind == "drop":
                observations = observe_drops([_make_point(result) for _, result in seen], self.rules.drop)
            rule = self.rules.episode_rules[kind]
            detection, episodes = detect_episodes(state.detection if state else None, observations, rule)
            if detection:
                value = seen[-1][1].value if seen else state.last_value if state else None
                self.states[kind][series] = AlertState(detection, results[-1].as_of_date, value)
                detections.append(Detection(series, kind, episodes, results[-1]))
        return detections


def choose_kinds(series: SeriesKey, indicator: Indicator, province: str) -> list[IndicatorKind]:
    """The kinds of alerts that a series can have."""
    is_province = series.agency_code == province
    is_yes_or_no = indicator.roll_up in COUNTS_AGENCIES and not is_province
    is_chosen = {
        # A plan that serves a later year has no pace there; one agency's yes or no has neither pace nor size of fall.
        "behind": indicator.judged == "year_end" and series.figure_year == series.plan_year and not is_yes_or_no,
        "drop": indicator.is_share and not is_yes_or_no,
        "unknown": is_province,
        "reconciliation": is_province,
    }
    return [kind for kind in KINDS if is_chosen.get(kind, True)]


def _make_point(result: Result) -> Point:
    return Point(result.data_date or result.as_of_date, result.value or Decimal(0), result.status == "attained")


def _chunk(keys: Sequence[SeriesKey], size: int) -> Iterator[Sequence[SeriesKey]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
