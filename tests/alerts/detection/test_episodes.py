"""The fold over a cell's days against the rulings' words, and its property: in pieces it ends as in one."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cchc.alerts.detection.episodes import Observation, Track, TrackRule, Turn, fold

START = date(2024, 1, 1)
CROSSING = TrackRule(confirmed_by=2, rearm_days=7, rearm_gap=Decimal("0.5"), is_armed_at_first=False)
PACE = TrackRule(confirmed_by=2, rearm_days=7, rearm_gap=Decimal("0.5"), is_armed_at_first=True)

# One letter a data day: + good by a little, ! good by the re-arming gap, - bad.
GAPS = {"+": Decimal("0.4"), "!": Decimal("0.5"), "-": Decimal("-0.1")}


def read(days: str, start: date = START) -> list[Observation]:
    return [Observation(start + timedelta(days=n), day != "-", GAPS[day]) for n, day in enumerate(days)]


def tell(days: str, rule: TrackRule = CROSSING) -> list[tuple[int, int, int | None]]:
    """The turns as places in ``days``: began, confirmed, ended."""
    _, turns = fold(None, read(days), rule)
    return [
        (
            (turn.began_on - START).days,
            (turn.fired_on - START).days,
            (turn.resolved_on - START).days if turn.resolved_on else None,
        )
        for turn in turns
    ]


def test_two_successive_bad_days_after_a_good_one_are_a_turn() -> None:
    assert tell("+--") == [(1, 2, None)]
    assert tell("+----") == [(1, 2, None)]


def test_one_bad_day_is_none() -> None:
    assert tell("+-") == []
    assert tell("+-+-+-+-") == []


def test_who_never_attained_does_not_cross() -> None:
    assert tell("----") == []
    assert tell("----+--") == [(5, 6, None)]


def test_a_year_begins_on_pace() -> None:
    assert tell("--", PACE) == [(0, 1, None)]


def test_a_turn_ends_half_a_point_above_the_line() -> None:
    assert tell("+--!") == [(1, 2, 3)]
    assert tell("+--!--") == [(1, 2, 3), (4, 5, None)]


def test_a_turn_ends_after_seven_good_days() -> None:
    assert tell("+--++++++--") == [(1, 2, None)]
    assert tell("+--+++++++") == [(1, 2, 9)]
    assert tell("+--+++-+++++++") == [(1, 2, 13)]


def test_flutter_before_the_watch_is_armed_again_is_the_same_turn() -> None:
    assert tell("+--+--+--") == [(1, 2, None)]


def test_nothing_seen_is_nothing_remembered() -> None:
    assert fold(None, [], CROSSING) == (None, [])


def test_a_turn_that_was_open_before_is_told_of_first() -> None:
    track, _ = fold(None, read("+--"), CROSSING)
    assert track is not None
    assert track.turn == Turn(START + timedelta(days=1), START + timedelta(days=2))
    track, turns = fold(track, read("!", START + timedelta(days=3)), CROSSING)
    assert turns == [Turn(START + timedelta(days=1), START + timedelta(days=2), START + timedelta(days=3))]
    assert track == Track(START + timedelta(days=3), True, 1, START + timedelta(days=3))


@given(st.text("+!-", max_size=40), st.integers(0, 40), st.sampled_from([CROSSING, PACE]))
def test_folding_in_pieces_ends_as_folding_the_whole(days: str, cut: int, rule: TrackRule) -> None:
    observations = read(days)
    whole, turns = fold(None, observations, rule)
    track, first = fold(None, observations[:cut], rule)
    track, second = fold(track, observations[cut:], rule)
    assert track == whole
    assert [turn for turn in first if turn.resolved_on] + second == turns


@given(st.text("+!-", max_size=60))
def test_turns_follow_each_other_and_only_the_last_may_be_open(days: str) -> None:
    turns = tell(days)
    assert all(end is not None for _, _, end in turns[:-1])
    assert all(before[2] < after[0] for before, after in pairwise(turns))
