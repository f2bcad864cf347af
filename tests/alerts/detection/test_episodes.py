"""Episodes of a series against docs/rulings.md; detection in parts ends as detection of the whole."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cchc.alerts.detection.episodes import Episode, EpisodeState, Observation, detect_episodes
from cchc.alerts.rules import EpisodeRule

START = date(2024, 1, 1)
CROSSING = EpisodeRule(confirmed_by=2, rearm_days=7, rearm_gap=Decimal("0.5"), is_armed_at_first=False)
PACE = EpisodeRule(confirmed_by=2, rearm_days=7, rearm_gap=Decimal("0.5"), is_armed_at_first=True)

# One sign for each data date: + good by a little, ! good by the re-arming gap, - bad.
GAPS = {"+": Decimal("0.4"), "!": Decimal("0.5"), "-": Decimal("-0.1")}


def read(days: str, start: date = START) -> list[Observation]:
    return [Observation(start + timedelta(days=n), day != "-", GAPS[day]) for n, day in enumerate(days)]


def list_episodes(days: str, rule: EpisodeRule = CROSSING) -> list[tuple[int, int, int | None]]:
    """The episodes as positions in ``days``: began, confirmed, ended."""
    _, episodes = detect_episodes(None, read(days), rule)
    return [
        (
            (episode.began_on - START).days,
            (episode.fired_on - START).days,
            (episode.resolved_on - START).days if episode.resolved_on else None,
        )
        for episode in episodes
    ]


def test_two_successive_bad_days_after_a_good_one_are_an_episode() -> None:
    assert list_episodes("+--") == [(1, 2, None)]
    assert list_episodes("+----") == [(1, 2, None)]


def test_one_bad_day_is_no_episode() -> None:
    assert list_episodes("+-") == []
    assert list_episodes("+-+-+-+-") == []


def test_series_that_never_attained_has_no_episode() -> None:
    assert list_episodes("----") == []
    assert list_episodes("----+--") == [(5, 6, None)]


def test_series_of_a_pace_begins_armed() -> None:
    assert list_episodes("--", PACE) == [(0, 1, None)]


def test_episode_ends_half_a_point_above_the_line() -> None:
    assert list_episodes("+--!") == [(1, 2, 3)]
    assert list_episodes("+--!--") == [(1, 2, 3), (4, 5, None)]


def test_episode_ends_after_seven_good_days() -> None:
    assert list_episodes("+--++++++--") == [(1, 2, None)]
    assert list_episodes("+--+++++++") == [(1, 2, 9)]
    assert list_episodes("+--+++-+++++++") == [(1, 2, 13)]


def test_bad_days_before_the_series_is_armed_again_are_the_same_episode() -> None:
    assert list_episodes("+--+--+--") == [(1, 2, None)]


def test_no_observation_leaves_no_state() -> None:
    assert detect_episodes(None, [], CROSSING) == (None, [])


def test_open_episode_of_the_state_is_returned_first() -> None:
    state, _ = detect_episodes(None, read("+--"), CROSSING)
    assert state is not None
    assert state.episode == Episode(START + timedelta(days=1), START + timedelta(days=2))
    state, episodes = detect_episodes(state, read("!", START + timedelta(days=3)), CROSSING)
    assert episodes == [Episode(START + timedelta(days=1), START + timedelta(days=2), START + timedelta(days=3))]
    assert state == EpisodeState(START + timedelta(days=3), True, 1, START + timedelta(days=3))


@given(st.text("+!-", max_size=40), st.integers(0, 40), st.sampled_from([CROSSING, PACE]))
def test_detection_in_parts_ends_as_detection_of_the_whole(days: str, cut: int, rule: EpisodeRule) -> None:
    observations = read(days)
    whole, episodes = detect_episodes(None, observations, rule)
    state, first = detect_episodes(None, observations[:cut], rule)
    state, second = detect_episodes(state, observations[cut:], rule)
    assert state == whole
    assert [episode for episode in first if episode.resolved_on] + second == episodes


@given(st.text("+!-", max_size=60))
def test_episodes_follow_each_other_and_only_the_last_may_be_open(days: str) -> None:
    episodes = list_episodes(days)
    assert all(end is not None for _, _, end in episodes[:-1])
    assert all(before[2] < after[0] for before, after in pairwise(episodes))
