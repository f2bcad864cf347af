"""match_episodes: one alert for one episode, whatever is restated."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from cchc.alerts.detection.episodes import Episode
from cchc.alerts.detection.matching import AlertChanges, Ending, KnownAlert, match_episodes

ONE, TWO = UUID(int=1), UUID(int=2)
TODAY = date(2024, 6, 30)


def june(day: int) -> date:
    return date(2024, 6, day)


def match_june(episodes: list[Episode], known: list[KnownAlert], *, is_current: bool = True) -> AlertChanges:
    return match_episodes(episodes, known, TODAY, is_current=is_current)


def test_episode_without_an_alert_opens_one() -> None:
    episode = Episode(june(3), june(4))
    assert match_june([episode], []) == AlertChanges(opened=episode)


def test_episode_with_an_alert_opens_no_other() -> None:
    assert match_june([Episode(june(3), june(4))], [KnownAlert(ONE, june(3))]) == AlertChanges()


def test_episode_with_a_restated_first_day_moves_its_alert() -> None:
    for first in (2, 5):
        episode = Episode(june(first), june(first + 1))
        assert match_june([episode], [KnownAlert(ONE, june(3))]) == AlertChanges(moved=KnownAlert(ONE, june(first)))


def test_ended_episode_ends_its_alert() -> None:
    episode = Episode(june(3), june(4), june(9))
    assert match_june([episode], [KnownAlert(ONE, june(3))]) == AlertChanges((Ending(ONE, "recovered", june(9)),))


def test_vanished_episode_withdraws_its_alert() -> None:
    assert match_june([], [KnownAlert(ONE, june(3))]) == AlertChanges((Ending(ONE, "withdrawn", TODAY),))
    earlier = Episode(june(1), june(2), june(3))
    assert match_june([earlier], [KnownAlert(ONE, june(5))]) == AlertChanges((Ending(ONE, "withdrawn", TODAY),))


def test_episode_that_began_and_ended_between_two_evaluations_opens_no_alert() -> None:
    assert match_june([Episode(june(3), june(4), june(9))], []) == AlertChanges()


def test_next_episode_is_another_alert() -> None:
    episodes = [Episode(june(3), june(4), june(9)), Episode(june(11), june(12))]
    assert match_june(episodes, [KnownAlert(ONE, june(3))]) == AlertChanges(
        (Ending(ONE, "recovered", june(9)),), opened=episodes[1]
    )
    assert match_june(episodes, [KnownAlert(ONE, june(3), june(9))]) == AlertChanges(opened=episodes[1])


def test_episode_whose_end_was_restated_away_reopens_its_alert() -> None:
    known = [KnownAlert(TWO, june(1), june(2)), KnownAlert(ONE, june(3), june(9))]
    assert match_june([Episode(june(3), june(4))], known) == AlertChanges(reopened=known[1])


def test_two_episodes_that_became_one_keep_the_open_alert() -> None:
    known = [KnownAlert(ONE, june(3), june(9)), KnownAlert(TWO, june(11))]
    assert match_june([Episode(june(3), june(4))], known) == AlertChanges(moved=KnownAlert(TWO, june(3)))


def test_series_without_a_result_today_opens_nothing() -> None:
    assert match_june([Episode(june(3), june(4))], [], is_current=False) == AlertChanges()
