"""The changes of alerts that the episodes of a series require: each episode has one alert, whatever is restated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from cchc.alerts.detection.episodes import Episode
from cchc.alerts.model import Resolution


@dataclass(frozen=True, slots=True)
class KnownAlert:
    """The fields of an alert that matching needs. ``resolved_on`` None: the alert is open or acknowledged."""

    alert_id: UUID
    began_on: date
    resolved_on: date | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of an open alert."""

    alert_id: UUID
    resolution: Resolution
    resolved_on: date


@dataclass(frozen=True, slots=True)
class AlertChanges:
    """The changes to make: alerts to end, one to move to another first day, one to reopen, an episode to open."""

    endings: tuple[Ending, ...] = ()
    moved: KnownAlert | None = None  # with its new first day
    reopened: KnownAlert | None = None
    opened: Episode | None = None


def match_episodes(
    episodes: Sequence[Episode], known: Sequence[KnownAlert], today: date, *, is_current: bool
) -> AlertChanges:
    """The changes that make the ``known`` alerts of one series match its ``episodes``.

    ``is_current``: the series has a result on the newest day; without one nothing opens. An episode that began and
    ended since the last evaluation opens nothing either. ``today``: the last day of alerts whose episode has vanished.
    """
    endings = []
    for alert in known:
        if alert.resolved_on is None:
            same = _find_episode(episodes, alert)
            if same is None:
                endings.append(Ending(alert.alert_id, "withdrawn", today))
            elif same.resolved_on is not None:
                endings.append(Ending(alert.alert_id, "recovered", same.resolved_on))
    current = episodes[-1] if episodes and episodes[-1].resolved_on is None and is_current else None
    if current is None:
        return AlertChanges(tuple(endings))
    ended = {ending.alert_id for ending in endings}
    alerts = [alert for alert in known if alert.alert_id not in ended and _is_same(current, alert)]
    open_alert = next((alert for alert in alerts if alert.resolved_on is None), None)
    if open_alert:
        is_moved = open_alert.began_on != current.began_on
        moved = replace(open_alert, began_on=current.began_on) if is_moved else None
        return AlertChanges(tuple(endings), moved=moved)
    if alerts:
        return AlertChanges(tuple(endings), reopened=max(alerts, key=lambda alert: alert.began_on))
    return AlertChanges(tuple(endings), opened=current)


def _find_episode(episodes: Sequence[Episode], alert: KnownAlert) -> Episode | None:
    """The episode of an open alert: the one with its first day, else the first that shares days with it."""
    began = [episode for episode in episodes if episode.began_on == alert.began_on]
    return next(iter(began + [episode for episode in episodes if _is_same(episode, alert)]), None)


def _is_same(episode: Episode, alert: KnownAlert) -> bool:
    """Whether episode and alert share days, from their first day to the day before their end."""
    return episode.began_on == alert.began_on or (
        episode.began_on < (alert.resolved_on or date.max) and alert.began_on < (episode.resolved_on or date.max)
    )
