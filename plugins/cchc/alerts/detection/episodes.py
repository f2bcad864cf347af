"""Episodes of one series: the spans of days during which the condition of an alert holds.

Detection may continue from a stored state: a series read in parts ends in the same state as the whole series.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from cchc.alerts.rules import EpisodeRule


@dataclass(frozen=True, slots=True)
class Observation:
    """One day of a series. ``gap``: distance above the line in the indicator's unit; None without a line."""

    day: date
    is_good: bool
    gap: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """The first bad day, the day that confirmed the episode, and the day that ended it (None: it goes on)."""

    began_on: date
    fired_on: date
    resolved_on: date | None = None


@dataclass(frozen=True, slots=True)
class EpisodeState:
    """The state of a series after ``last_day``.

    ``is_armed``: whether bad days would begin an episode. ``streak``: number of successive good days (positive) or bad
    days (negative), the first of them ``streak_began_on``. ``episode``: the one that goes on.
    """

    last_day: date
    is_armed: bool
    streak: int
    streak_began_on: date
    episode: Episode | None = None


def detect_episodes(
    state: EpisodeState | None, observations: Iterable[Observation], rule: EpisodeRule
) -> tuple[EpisodeState | None, list[Episode]]:
    """The state after ``observations``, and the episodes of their days by beginning.

    ``observations``: by day, all later than the last day of ``state``. The first episode returned is the one that
    ``state`` left open.
    """
    episodes = [state.episode] if state and state.episode else []
    for observation in observations:
        before = state.episode if state else None
        state = _advance(state, observation, rule)
        if state.episode and not before:
            episodes.append(state.episode)
        elif before and not state.episode:
            episodes[-1] = replace(before, resolved_on=observation.day)
    return state, episodes


def _advance(state: EpisodeState | None, seen: Observation, rule: EpisodeRule) -> EpisodeState:
    day, is_armed, streak, streak_began_on, episode = seen.day, rule.is_armed_at_first, 0, seen.day, None
    if state:
        is_armed, episode = state.is_armed, state.episode
        if (state.streak > 0) is seen.is_good:
            streak, streak_began_on = state.streak, state.streak_began_on
    streak += 1 if seen.is_good else -1
    if seen.is_good and not is_armed and _rearms(episode, streak, seen, rule):
        is_armed, episode = True, None
    elif is_armed and -streak >= rule.confirmed_by:
        is_armed, episode = False, Episode(streak_began_on, day)
    return EpisodeState(day, is_armed, streak, streak_began_on, episode)


def _rearms(episode: Episode | None, streak: int, seen: Observation, rule: EpisodeRule) -> bool:
    is_clear = rule.rearm_gap is not None and seen.gap is not None and seen.gap >= rule.rearm_gap
    return episode is None or is_clear or streak >= rule.rearm_days
