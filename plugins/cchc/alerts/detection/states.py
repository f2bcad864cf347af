"""The stored state of each series and kind, in ops.alert_state: read before detection and written after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import get_args

import psycopg

from cchc.alerts.detection.episodes import Episode, EpisodeState
from cchc.alerts.detection.results import SeriesKey
from cchc.alerts.model import IndicatorKind
from cchc.warehouse.connection import run_file

KINDS: tuple[IndicatorKind, ...] = get_args(IndicatorKind)
COPY = (
    "copy new_state (kind, plan_year, figure_year, indicator_code, variant, agency_code, evaluated_to_date, last_day,"
    " last_value, is_armed, streak, streak_began_on, open_began_on, open_fired_on) from stdin"
)


@dataclass(frozen=True, slots=True)
class AlertState:
    """The state of a series for one kind. ``evaluated_to``: newest day read; ``last_value``: value of the last day
    that counted."""

    detection: EpisodeState
    evaluated_to: date
    last_value: Decimal | None


AlertStates = dict[IndicatorKind, dict[SeriesKey, AlertState]]


def read_states(connection: psycopg.Connection, province: str) -> AlertStates:
    """The stored states of all series of the province."""
    states: AlertStates = {kind: {} for kind in KINDS}
    rows = run_file(connection, "alerts/states.sql", {"province": province}).fetchall()
    for kind, *key, evaluated_to, last_day, last_value, is_armed, streak, streak_began_on, began_on, fired_on in rows:
        episode = Episode(began_on, fired_on) if began_on else None
        detection = EpisodeState(last_day, is_armed, streak, streak_began_on, episode)
        states[kind][SeriesKey(*key)] = AlertState(detection, evaluated_to, last_value)
    return states


def store_states(
    connection: psycopg.Connection, states: AlertStates, changed: Iterable[tuple[IndicatorKind, SeriesKey]]
) -> None:
    """Write the states of the ``changed`` series in the current transaction; a series without a state loses its row."""
    connection.execute("create temporary table new_state (like ops.alert_state including generated) on commit drop")
    dropped = []
    with connection.cursor().copy(COPY) as copy:
        for kind, key in changed:
            state = states[kind].get(key)
            if state is None:
                dropped.append([kind, *key])
                continue
            detection = state.detection
            episode = (detection.episode.began_on, detection.episode.fired_on) if detection.episode else (None, None)
            copy.write_row([
                kind, *key, state.evaluated_to, detection.last_day, state.last_value, detection.is_armed,
                detection.streak, detection.streak_began_on, *episode,
            ])  # fmt: skip
    run_file(connection, "alerts/store_states.sql")
    connection.cursor().executemany(
        "delete from ops.alert_state where kind = %s and plan_year = %s and figure_year = %s"
        " and indicator_code = %s and variant = %s and agency_code = %s",
        dropped,
    )
