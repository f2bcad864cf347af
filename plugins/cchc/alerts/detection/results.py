"""Cells of the attainment table as the watch sees them: which rows changed, what a row says, when it says nothing."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import class_row

from cchc.alerts.detection.episodes import Observation
from cchc.alerts.model import CellKind
from cchc.alerts.rules import Rules
from cchc.calendar import DateRange
from cchc.catalog.model import province_of
from cchc.settings import SQL
from cchc.warehouse.connection import run_file

STALE, PROVISIONAL, PARTIAL = "stale", "provisional", "partial"
# Of these a single case is no sample of many: that all have reported is what counts.
COUNTS_AGENCIES = frozenset({"share_of_agencies", "agencies_attaining"})
EVERY_AGENCY = 100  # percent
ROWS_AT_ONCE = 10_000


class Cell(NamedTuple):
    """What is watched: an agency's figures of one year in one reading of one entry."""

    plan_year: int
    figure_year: int
    indicator_code: str
    variant: str
    agency_code: str

    @property
    def subject(self) -> str:
        """As in ops.alert."""
        return "/".join(map(str, self))


@dataclass(frozen=True, slots=True)
class Row:
    """A row of mart.indicator_attainment; ``status`` None: it is no longer there."""

    as_of_date: date
    plan_year: int
    indicator_code: str
    variant: str
    agency_code: str
    status: str | None
    numerator: Decimal | None
    denominator: Decimal | None
    value: Decimal | None
    target: Decimal | None
    comparator: str | None
    gap: Decimal | None
    pace_target: Decimal | None
    pace_status: str | None
    data_date: date | None
    is_stale: bool | None
    quality_flags: list[str] | None
    coverage: Decimal | None


@dataclass(frozen=True, slots=True)
class Entry:
    """What the watch has to know of an entry in one of its readings (mart.indicator)."""

    plan_year: int
    indicator_code: str
    variant: str
    clause: str
    name_vi: str
    unit_vi: str
    period: str
    closes_on: date
    judged: str
    is_share: bool
    roll_up: str

    def figure_year(self, as_of_date: date) -> int:
        """Whose figures a row of that day holds: the budget year's until it closes, else the day's year."""
        is_open_budget = self.period == "budget_year" and as_of_date <= self.closes_on
        return self.plan_year if is_open_budget else as_of_date.year


Entries = Mapping[tuple[int, str, str], Entry]


def read_entries(connection: psycopg.Connection, province: str) -> Entries:
    """The entries of the province's plans, by plan year, code and variant, in the words of their newest version."""
    rows = connection.cursor(row_factory=class_row(Entry)).execute(
        "select distinct on (plan_year, indicator_code, variant) plan_year, indicator_code, variant, clause, name_vi,"
        " unit_vi, period, closes_on, judged, is_share, roll_up from mart.indicator where province_code = %s"
        " order by plan_year, indicator_code, variant, valid_from desc",
        [province],
    )
    return {(entry.plan_year, entry.indicator_code, entry.variant): entry for entry in rows}


def read_changed(
    connection: psycopg.Connection, province: str, variants: Iterable[str], newest: date
) -> Generator[Row, None, None]:
    """The rows up to the day ``newest`` changed since the last evaluation, as they are now, by cell, then by day.

    They come from the server as they are taken, inside a transaction: a rebuilt year is a million of them.
    """
    parameters = {"province": province, "variants": list(variants), "newest": newest}
    text = (SQL / "alerts/changed_results.sql").read_text(encoding="utf-8").rstrip().removesuffix(";")
    with connection.cursor("changed_rows") as cursor:
        cursor.execute(text.encode(), parameters)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            for row in rows:
                yield Row(*row)


def read_day(connection: psycopg.Connection, province: str, variants: Iterable[str], day: date) -> list[Row]:
    """The rows of a day, the province's first."""
    return _read_rows(
        connection, "alerts/results_of_day.sql", {"province": province, "variants": list(variants), "day": day}
    )


def read_stretch(connection: psycopg.Connection, cell: Cell, days: DateRange) -> list[Row]:
    """The rows of a cell on some days, by day."""
    parameters = {**cell._asdict(), "first_day": days.start, "last_day": days.last}
    return _read_rows(connection, "alerts/results_between.sql", parameters)


def read_series(connection: psycopg.Connection, cells: Iterable[Cell], newest: date) -> list[tuple[int, Row]]:
    """Every row of the years of ``cells`` up to the day ``newest``, by day, each with the year that it was asked for.

    A year comes with the January after it, the 13th month of a budget year, whoever's that is.
    """
    columns = list(zip(*cells, strict=True)) or [()] * len(Cell._fields)
    parameters = {name: list(column) for name, column in zip(Cell._fields, columns, strict=True)} | {"newest": newest}
    cursor = run_file(connection, "alerts/series.sql", parameters)
    return [(figure_year, Row(*row)) for figure_year, *row in cursor.fetchall()]


def _read_rows(connection: psycopg.Connection, file: str, parameters: dict[str, Any]) -> list[Row]:
    cursor = run_file(connection, file, parameters)
    return [Row(*row) for row in cursor.fetchall()]


def name_cell(row: Row, entries: Entries) -> Cell:
    """The cell that a row belongs to."""
    entry = entries[row.plan_year, row.indicator_code, row.variant]
    return Cell(row.plan_year, entry.figure_year(row.as_of_date), row.indicator_code, row.variant, row.agency_code)


def list_doubts(row: Row, entry: Entry, rules: Rules) -> tuple[str, ...]:
    """Why a figure can't be judged yet: it is stale, provisional or partial."""
    doubts = {
        STALE: bool(row.is_stale),
        PROVISIONAL: not rules.provisional_flags.isdisjoint(row.quality_flags or ()),
        PARTIAL: entry.roll_up in COUNTS_AGENCIES and row.coverage is not None and row.coverage < 1,
    }
    return tuple(doubt for doubt, holds in doubts.items() if holds)


def observe(kind: CellKind, row: Row, entry: Entry, rules: Rules) -> Observation | None:
    """What a row says to the watch for ``kind``; None: nothing that counts. Of drops it says that the row counts.

    Of ``unknown`` any row may be asked, of ``reconciliation`` one that isn't stale, of the others a sound one.
    """
    if row.status is None:
        return None
    if kind == "unknown":
        return _observe_doubts(row, entry, rules)
    if row.data_date is None:
        return None
    if kind == "reconciliation":
        return Observation(row.data_date, rules.reconciliation_flags.isdisjoint(row.quality_flags or ()))
    return _observe_pace(row) if kind == "behind" else _observe_status(row)


def _observe_status(row: Row) -> Observation | None:
    if row.status not in ("attained", "missed") or row.data_date is None:
        return None
    return Observation(row.data_date, row.status == "attained", row.gap)


def _observe_pace(row: Row) -> Observation | None:
    if row.status not in ("attained", "pending", "missed") or row.pace_status == "none" or row.data_date is None:
        return None
    gap = None if row.value is None or row.pace_target is None else row.value - row.pace_target
    return Observation(row.data_date, row.pace_status == "on_track", gap)


def _observe_doubts(row: Row, entry: Entry, rules: Rules) -> Observation | None:
    if row.value is None or row.status in ("not_applicable", "invalid"):
        return None
    return Observation(row.as_of_date, not list_doubts(row, entry, rules))


def choose_first_rows(rows: Iterable[Row]) -> list[Row]:
    """Of each data day the row of the day on which it first counted, by data day; ``rows`` by day."""
    first: dict[date, Row] = {}
    for row in rows:
        if row.data_date is not None and not row.is_stale:
            first.setdefault(row.data_date, row)
    return [first[day] for day in sorted(first)]


def is_sound(row: Row, entry: Entry, rules: Rules) -> bool:
    """Whether a figure may be judged and compared: it is final, of enough cases, and a no in it would be a failure."""
    return not (list_doubts(row, entry, rules) or has_few_cases(row, entry, rules) or is_one_of_many(row, entry))


def has_few_cases(row: Row, entry: Entry, rules: Rules) -> bool:
    """Whether a share is of so few cases that it says nothing; a share of agencies is of all there are."""
    return (
        entry.is_share
        and entry.roll_up not in COUNTS_AGENCIES
        and row.denominator is not None
        and row.denominator < rules.least_denominator
    )


def is_one_of_many(row: Row, entry: Entry) -> bool:
    """Whether a row is one agency's yes or no where only some of them must say yes: its no is no failure."""
    is_agency = row.agency_code != province_of(row.agency_code)
    return is_agency and entry.roll_up in COUNTS_AGENCIES and row.target != EVERY_AGENCY
