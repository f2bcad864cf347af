"""The order in which days come, and come again, makes no difference to what the watch knows in the end."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from cchc.alerts.detection import detector as detector_module
from cchc.alerts.detection.detector import Watch
from cchc.alerts.detection.episodes import Turn
from cchc.alerts.detection.results import Cell, Entry, Row
from cchc.alerts.detection.states import KINDS, Memories
from tests.alerts.board import PROVINCE, RULES

START = date(2024, 3, 1)
ENTRY = Entry(
    2024, "II.1.b-1", "primary", "II.1.b", "", "%", "year_to_date", date(2024, 12, 31), "year_end", True, "own"
)
CELL = Cell(2024, 2024, "II.1.b-1", "primary", PROVINCE)

# A day's figure: its value, whether it is stale, which flags it has, whether there is one at all.
FIGURES = st.builds(
    dict,
    value=st.sampled_from(["43", "44.9", "45", "45.3", "45.5", "47"]),
    is_stale=st.sampled_from([False, False, False, True]),
    flags=st.sampled_from([[], [], [], ["TEMP_NATIONAL_REPORT_DENOMINATOR"], ["children_differ"]]),
    is_there=st.sampled_from([True, True, True, False]),
)
WRITES = st.lists(st.tuples(st.integers(0, 24), FIGURES), min_size=1, max_size=60)


def make_row(day: int, value: str, is_stale: bool, flags: list[str], is_there: bool) -> Row:
    number, as_of_date = Decimal(value), START + timedelta(days=day)
    status = ("attained" if number >= 45 else "missed") if is_there else None
    pace_status = "on_track" if number >= 45 else "behind"
    return Row(
        as_of_date, 2024, "II.1.b-1", "primary", PROVINCE, status, number * 10, Decimal(1000), number, Decimal(45),
        ">=", number - 45, Decimal(45), pace_status, as_of_date - timedelta(days=is_stale), is_stale, flags, None,
    )  # fmt: skip


class House:
    """A cell's rows as they stand, and a watch over them."""

    def __init__(self) -> None:
        self.rows: dict[date, Row] = {}
        self.memories: Memories = {kind: {} for kind in KINDS}
        self.watch = Watch(PROVINCE, {(2024, "II.1.b-1", "primary"): ENTRY}, RULES, self.memories, date.max)

    def write(self, rows: list[Row]) -> dict[str, list[Turn]]:
        """What is said after some rows changed at once."""
        self.rows.update({row.as_of_date: row for row in rows})

        def read(*_: Any) -> list[tuple[int, Row]]:
            return [(2024, row) for _, row in sorted(self.rows.items()) if row.status is not None]

        changed = [self.rows[day] for day in sorted({row.as_of_date for row in rows})]
        with patch.object(detector_module, "read_series", read):
            return {said.kind: list(said.turns) for said in self.watch.take_in(None, changed)}  # type: ignore[arg-type]

    def tracks(self) -> dict[str, tuple[bool, Turn | None]]:
        """Of each kind whether it is armed, and the turn that isn't over."""
        known = {kind: own[CELL].track for kind, own in self.memories.items() if CELL in own}
        return {kind: (track.is_armed, track.turn) for kind, track in known.items()}


@given(WRITES, st.randoms())
def test_days_in_any_order_end_as_in_their_own_order(writes: list[tuple[int, dict[str, Any]]], random: Any) -> None:
    rows = {day: make_row(day, **figure) for day, figure in writes}
    in_order, shuffled, at_once = House(), House(), House()
    for day in sorted(rows):
        in_order.write([rows[day]])
    days = list(rows)
    random.shuffle(days)
    for day in days:
        shuffled.write([rows[day]])
    at_once.write(list(rows.values()))
    assert shuffled.tracks() == in_order.tracks() == at_once.tracks()


@given(WRITES)
def test_a_day_told_anew_counts_as_told_last(writes: list[tuple[int, dict[str, Any]]]) -> None:
    told_anew, told_once = House(), House()
    for day, figure in writes:
        told_anew.write([make_row(day, **figure)])
    told_once.write([make_row(day, **figure) for day, figure in dict(writes).items()])
    assert told_anew.tracks() == told_once.tracks()


@given(WRITES)
def test_the_same_rows_again_change_nothing(writes: list[tuple[int, dict[str, Any]]]) -> None:
    rows = [make_row(day, **figure) for day, figure in dict(writes).items()]
    house = House()
    house.write(rows)
    before = house.tracks()
    house.write(rows)
    assert house.tracks() == before
