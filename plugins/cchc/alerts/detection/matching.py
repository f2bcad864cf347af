"""What the turns of a cell mean for its alerts: one alert for one turn, whatever is restated, told again or undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from uuid import UUID

from cchc.alerts.detection.episodes import Turn

Resolution = Literal["recovered", "withdrawn", "closed"]


@dataclass(frozen=True, slots=True)
class KnownAlert:
    """An alert of ops.alert as far as settling needs it. ``resolved_on`` None: it is open or acknowledged."""

    alert_id: UUID
    began_on: date
    resolved_on: date | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """An open alert is over."""

    alert_id: UUID
    resolution: Resolution
    resolved_on: date


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is to be done: alerts that end, one whose beginning was restated, one that was resolved and isn't, a turn
    that has no alert yet."""

    endings: tuple[Ending, ...] = ()
    moved: KnownAlert | None = None  # with its new beginning
    reopened: KnownAlert | None = None
    opened: Turn | None = None


def settle(turns: Sequence[Turn], known: Sequence[KnownAlert], today: date, *, is_current: bool) -> Settlement:
    """Hold the ``turns`` of one cell against its ``known`` alerts.

    ``is_current``: the cell has a row on the newest day; of one that has none nothing is opened. Turns that began and
    ended since the last evaluation are nobody's news. ``today``: the day on which a turn was found to have vanished.
    """
    endings = []
    for alert in known:
        if alert.resolved_on is None:
            same = _find_turn(turns, alert)
            if same is None:
                endings.append(Ending(alert.alert_id, "withdrawn", today))
            elif same.resolved_on is not None:
                endings.append(Ending(alert.alert_id, "recovered", same.resolved_on))
    going_on = turns[-1] if turns and turns[-1].resolved_on is None and is_current else None
    if going_on is None:
        return Settlement(tuple(endings))
    ended = {ending.alert_id for ending in endings}
    told = [alert for alert in known if alert.alert_id not in ended and _is_same(going_on, alert)]
    going = next((alert for alert in told if alert.resolved_on is None), None)
    if going:
        moved = replace(going, began_on=going_on.began_on) if going.began_on != going_on.began_on else None
        return Settlement(tuple(endings), moved=moved)
    if told:
        return Settlement(tuple(endings), reopened=max(told, key=lambda alert: alert.began_on))
    return Settlement(tuple(endings), opened=going_on)


def _find_turn(turns: Sequence[Turn], alert: KnownAlert) -> Turn | None:
    """The turn that an open alert is about: the one that began with it, else the first that goes on after that."""
    began = [turn for turn in turns if turn.began_on == alert.began_on]
    return next(iter(began + [turn for turn in turns if _is_same(turn, alert)]), None)


def _is_same(turn: Turn, alert: KnownAlert) -> bool:
    """Whether turn and alert share days, from their first until before the day that ended them."""
    return turn.began_on == alert.began_on or (
        turn.began_on < (alert.resolved_on or date.max) and alert.began_on < (turn.resolved_on or date.max)
    )
