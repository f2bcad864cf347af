"""What the watch remembers of each cell, in ops.alert_state: read before a night's changes are folded in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import get_args

import psycopg

from cchc.alerts.detection.episodes import Track, Turn
from cchc.alerts.detection.results import Cell
from cchc.alerts.model import CellKind
from cchc.warehouse.connection import run_file

KINDS: tuple[CellKind, ...] = get_args(CellKind)


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of a cell for one kind. ``last_value``: of the track's last day."""

    track: Track
    evaluated_to: date
    last_value: Decimal | None


Memories = dict[CellKind, dict[Cell, Memory]]


def read_memories(connection: psycopg.Connection, province: str) -> Memories:
    """Everything remembered of the province's cells."""
    memories: Memories = {kind: {} for kind in KINDS}
    rows = connection.execute(
        "select kind, plan_year, figure_year, indicator_code, variant, agency_code, evaluated_to_date, last_day,"
        " last_value, is_armed, streak, streak_began_on, open_began_on, open_fired_on from ops.alert_state"
        " where agency_code = %(province)s or agency_code like %(province)s || '.%%'",
        {"province": province},
    )
    for kind, *cell, evaluated_to, last_day, last_value, is_armed, streak, streak_began_on, began_on, fired_on in rows:
        turn = Turn(began_on, fired_on) if began_on else None
        track = Track(last_day, is_armed, streak, streak_began_on, turn)
        memories[kind][Cell(*cell)] = Memory(track, evaluated_to, last_value)
    return memories


def store_memories(
    connection: psycopg.Connection, memories: Memories, concerned: Iterable[tuple[CellKind, Cell]]
) -> None:
    """Write what is remembered of the cells ``concerned``, or that nothing is, in the current transaction."""
    connection.execute("create temporary table remembered (like ops.alert_state) on commit drop")
    forgotten = []
    with connection.cursor().copy("copy remembered from stdin") as copy:
        for kind, cell in concerned:
            memory = memories[kind].get(cell)
            if memory is None:
                forgotten.append([kind, *cell])
                continue
            track = memory.track
            turn = (track.turn.began_on, track.turn.fired_on) if track.turn else (None, None)
            copy.write_row([
                kind, *cell, memory.evaluated_to, track.last_day, memory.last_value, track.is_armed, track.streak,
                track.streak_began_on, *turn,
            ])  # fmt: skip
    run_file(connection, "alerts/store_states.sql")
    connection.cursor().executemany(
        "delete from ops.alert_state where kind = %s and plan_year = %s and figure_year = %s"
        " and indicator_code = %s and variant = %s and agency_code = %s",
        forgotten,
    )
