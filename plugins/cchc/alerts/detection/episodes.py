"""The watch on one cell: a fold over its days that tells turns to the bad, each once.

The fold may be taken up where it was left: folding a series in pieces ends as folding it whole does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Observation:
    """One day of a cell. ``gap``: points above the line, where there is one."""

    day: date
    is_good: bool
    gap: Decimal | None = None


@dataclass(frozen=True, slots=True)
class TrackRule:
    """``confirmed_by`` successive bad days are a turn. It is over, and the next would be told, after a good day with
    a gap of ``rearm_gap`` or ``rearm_days`` successive good ones. Where the watch isn't armed at first, the first good
    day arms it: who never attained can't cross."""

    confirmed_by: int
    rearm_days: int
    rearm_gap: Decimal | None
    is_armed_at_first: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn to the bad: its first bad day, the day that confirmed it, the day that ended it (None: it isn't over)."""

    began_on: date
    fired_on: date
    resolved_on: date | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """Where a watch stands after ``last_day``. ``streak``: successive good (above 0) or bad (below 0) days."""

    last_day: date
    is_armed: bool
    streak: int
    streak_began_on: date
    turn: Turn | None = None  # the one that isn't over


def fold(track: Track | None, observations: Iterable[Observation], rule: TrackRule) -> tuple[Track | None, list[Turn]]:
    """Take in ``observations``, in the order of their days, all after the track's last.

    Returns the track and the turns of these days, by beginning: first the one that was not over before.
    """
    turns = [track.turn] if track and track.turn else []
    for observation in observations:
        before = track.turn if track else None
        track = _advance(track, observation, rule)
        if track.turn and not before:
            turns.append(track.turn)
        elif before and not track.turn:
            turns[-1] = replace(before, resolved_on=observation.day)
    return track, turns


def _advance(track: Track | None, seen: Observation, rule: TrackRule) -> Track:
    day, is_armed, streak, streak_began_on, turn = seen.day, rule.is_armed_at_first, 0, seen.day, None
    if track:
        is_armed, turn = track.is_armed, track.turn
        if (track.streak > 0) is seen.is_good:
            streak, streak_began_on = track.streak, track.streak_began_on
    streak += 1 if seen.is_good else -1
    if seen.is_good and not is_armed and _ends_turn(turn, streak, seen, rule):
        is_armed, turn = True, None
    elif is_armed and -streak >= rule.confirmed_by:
        is_armed, turn = False, Turn(streak_began_on, day)
    return Track(day, is_armed, streak, streak_began_on, turn)


def _ends_turn(turn: Turn | None, streak: int, seen: Observation, rule: TrackRule) -> bool:
    is_clear = rule.rearm_gap is not None and seen.gap is not None and seen.gap >= rule.rearm_gap
    return turn is None or is_clear or streak >= rule.rearm_days
