"""The watch over all cells of a province: changed rows are folded into their tracks, or a year is folded anew.

A change after all that was evaluated is folded onto what is remembered. A change before it, a restatement, a
backfill, has the cell's whole year folded from its first day, so that the order in which days came makes no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import groupby

import psycopg

from cchc.alerts.detection.drops import Point, may_be_drop, observe_drops
from cchc.alerts.detection.episodes import Turn, fold
from cchc.alerts.detection.results import (
    COUNTS_AGENCIES,
    Cell,
    Entries,
    Entry,
    Row,
    choose_first_rows,
    is_sound,
    name_cell,
    observe,
    read_series,
)
from cchc.alerts.detection.states import KINDS, Memories, Memory
from cchc.alerts.model import CellKind
from cchc.alerts.rules import Rules

# Whose years are in memory together when they are folded anew.
CELLS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Watched:
    """What the watch for ``kind`` says of a cell: its turns, by beginning, and the newest row of those looked at."""

    cell: Cell
    kind: CellKind
    turns: Sequence[Turn]
    newest: Row


@dataclass(frozen=True, slots=True)
class Watch:
    """``memories`` are brought up to date by what is taken in; ``newest``: the last day that is looked at."""

    province: str
    entries: Entries
    rules: Rules
    memories: Memories
    newest: date

    def take_in(self, connection: psycopg.Connection, rows: Iterable[Row]) -> list[Watched]:
        """Fold in changed ``rows`` (by cell, then by day); returns what is said of each cell concerned."""
        watched: list[Watched] = []
        anew: dict[Cell, Row] = {}
        for cell, changed in groupby(rows, partial(name_cell, entries=self.entries)):
            own = list(changed)
            if self._is_history(cell, own):
                anew[cell] = own[-1]
            else:
                watched += self._watch_cell(cell, own)
        for cells in _chunk(list(anew), CELLS_AT_ONCE):
            whole: dict[Cell, list[Row]] = {cell: [] for cell in cells}
            for figure_year, row in read_series(connection, cells, self.newest):
                cell = name_cell(row, self.entries)
                if cell.figure_year == figure_year:  # a January is asked for with two years, and belongs to one
                    whole[cell].append(row)
            for cell, series in whole.items():
                watched += self._watch_anew(cell, series or [anew[cell]])
        return watched

    def _is_history(self, cell: Cell, rows: Sequence[Row]) -> bool:
        """Whether the year must be folded anew: a day that was evaluated changed, or a fall needs its history."""
        remembered = [own[cell] for own in self.memories.values() if cell in own]
        if any(rows[0].as_of_date <= memory.evaluated_to for memory in remembered):
            return True
        drop = self.memories["drop"].get(cell)
        value = drop.last_value if drop else None
        for row in rows:
            is_fall = value is not None and may_be_drop(value, _point(row), self.rules.drop)
            if (is_fall or len(rows) > 1) and self._counts_for_drops(cell, row):
                if is_fall:
                    return True
                value = row.value
        return False

    def _counts_for_drops(self, cell: Cell, row: Row) -> bool:
        entry = self._entry(cell)
        return is_sound(row, entry, self.rules) and observe("drop", row, entry, self.rules) is not None

    def _watch_anew(self, cell: Cell, rows: Sequence[Row]) -> list[Watched]:
        """Fold a whole year. A watch that has nothing to say any more has no turns: what it told is withdrawn."""
        known = {kind for kind, own in self.memories.items() if own.pop(cell, None)}
        said = {watched.kind: watched for watched in self._watch_cell(cell, rows)}
        return [
            Watched(cell, kind, said[kind].turns if kind in said else [], rows[-1])
            for kind in (*said, *(known - said.keys()))
        ]

    def _entry(self, cell: Cell) -> Entry:
        return self.entries[cell.plan_year, cell.indicator_code, cell.variant]

    def _watch_cell(self, cell: Cell, rows: Sequence[Row]) -> list[Watched]:
        entry = self._entry(cell)
        by_data_day = choose_first_rows(rows)
        sound = [row for row in by_data_day if is_sound(row, entry, self.rules)]
        asked: dict[CellKind, Sequence[Row]] = {"unknown": rows, "reconciliation": by_data_day}
        watched = []
        for kind in choose_kinds(cell, entry, self.province):
            memory = self.memories[kind].get(cell)
            last_day = memory.track.last_day if memory else date.min
            seen = [
                (observation, row)
                for row in asked.get(kind, sound)
                if (observation := observe(kind, row, entry, self.rules)) and observation.day > last_day
            ]
            observations = [observation for observation, _ in seen]
            if kind == "drop":
                observations = observe_drops([_point(row) for _, row in seen], self.rules.drop)
            track, turns = fold(memory.track if memory else None, observations, self.rules.track_rules[kind])
            if track:
                value = seen[-1][1].value if seen else memory.last_value if memory else None
                self.memories[kind][cell] = Memory(track, rows[-1].as_of_date, value)
                watched.append(Watched(cell, kind, turns, rows[-1]))
        return watched


def choose_kinds(cell: Cell, entry: Entry, province: str) -> list[CellKind]:
    """What a cell is watched for."""
    is_province = cell.agency_code == province
    is_yes_or_no = entry.roll_up in COUNTS_AGENCIES and not is_province
    is_watched = {
        # A plan that serves a later year closed long ago; an agency's yes or no has no pace and falls by all.
        "behind": entry.judged == "year_end" and cell.figure_year == cell.plan_year and not is_yes_or_no,
        "drop": entry.is_share and not is_yes_or_no,
        "unknown": is_province,
        "reconciliation": is_province,
    }
    return [kind for kind in KINDS if is_watched.get(kind, True)]


def _point(row: Row) -> Point:
    return Point(row.data_date or row.as_of_date, row.value or Decimal(0), row.status == "attained")


def _chunk(cells: Sequence[Cell], size: int) -> Iterator[Sequence[Cell]]:
    for start in range(0, len(cells), size):
        yield cells[start : start + size]
