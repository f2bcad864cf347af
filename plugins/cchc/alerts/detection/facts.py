"""What is told of a figure: how it moved since its height of the last weeks, who moved it, what the target takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import psycopg

from cchc.alerts.detection.results import (
    COUNTS_AGENCIES,
    Cell,
    Entries,
    Row,
    choose_first_rows,
    is_sound,
    list_doubts,
    read_stretch,
)
from cchc.alerts.model import CellFacts, CellKind, Change, Contribution, Needed
from cchc.alerts.rules import Rules
from cchc.calendar import DateRange
from cchc.indicators.decomposition import Part, Share, decompose
from cchc.indicators.required_rate import reckon_needed
from cchc.warehouse.connection import run_file

# What a year fills from nothing: how much its weeks have brought so far can be told.
BEGIN_AT_ZERO = frozenset({"budget_year", "year_to_date"})
COMPARED = frozenset({"attained", "missed", "pending"})
TOLD_CONTRIBUTIONS = 3
LEAST_TOLD = Fraction(1, 100)  # points: less reads as nothing
NO_AGENCY_VI = "Phần không tính cho đơn vị nào"


@dataclass(frozen=True)
class Explainer:
    """``names``: of the agencies on the newest day."""

    connection: psycopg.Connection
    province: str
    entries: Entries
    rules: Rules
    names: Mapping[str, str]

    def tell(self, kind: CellKind, cell: Cell, row: Row, *, with_change: bool = True) -> CellFacts:
        """The facts of a row of a cell; with ``with_change`` also how it came to be and what it takes from here."""
        entry = self.entries[cell.plan_year, cell.indicator_code, cell.variant]
        explains = with_change and kind in ("missed", "behind", "drop")
        return CellFacts(
            kind=kind,
            indicator_code=cell.indicator_code,
            variant=cell.variant,
            clause=entry.clause,
            name_vi=entry.name_vi,
            unit_vi=entry.unit_vi,
            agency_code=cell.agency_code,
            agency_name_vi=self.names.get(cell.agency_code, cell.agency_code),
            is_province=cell.agency_code == self.province,
            data_date=row.data_date,
            value=row.value,
            comparator=row.comparator,
            target=row.target,
            pace_target=row.pace_target,
            numerator=row.numerator,
            denominator=row.denominator,
            change=self._find_change(cell, row) if explains else None,
            needed=self._reckon_needed(cell, row) if explains else None,
            reasons=list_doubts(row, entry, self.rules),
            flags=tuple(sorted(self.rules.reconciliation_flags.intersection(row.quality_flags or ()))),
        )

    def _find_change(self, cell: Cell, row: Row) -> Change | None:
        """Since the height of the last weeks; None where the row is the height itself."""
        entry = self.entries[cell.plan_year, cell.indicator_code, cell.variant]
        first = max(row.as_of_date - timedelta(days=self.rules.compare_days), date(cell.figure_year, 1, 1))
        stretch = read_stretch(self.connection, cell, DateRange.inclusive(first, row.as_of_date))
        sound = [
            (one.value, one.data_date, one)
            for one in choose_first_rows(stretch)
            if one.value is not None and one.data_date and one.status in COMPARED and is_sound(one, entry, self.rules)
        ]
        height = max(sound, key=lambda item: item[:2], default=None)
        if height is None or row.value is None or height[0] <= row.value:
            return None
        value, since, highest = height
        return Change(since=since, value=value, contributions=self._find_contributions(cell, highest, row))

    def _find_contributions(self, cell: Cell, before: Row, after: Row) -> tuple[Contribution, ...]:
        """The agencies that harmed the province's figure most from one day to another."""
        is_share = self.entries[cell.plan_year, cell.indicator_code, cell.variant].is_share
        wholes = [
            Share(row.numerator, row.denominator)
            for row in (before, after)
            if row.numerator is not None and row.denominator
        ]
        if cell.agency_code != self.province or not is_share or len(wholes) < 2:
            return ()
        shares_before, shares_after = (self._read_shares(cell, row.as_of_date) for row in (before, after))
        parts = decompose(shares_before, shares_after, wholes[0], wholes[1])
        harmful = [part for part in parts if part.total <= -LEAST_TOLD]
        return tuple(self._tell_part(part) for part in harmful[:TOLD_CONTRIBUTIONS])

    def _read_shares(self, cell: Cell, as_of_date: date) -> dict[str, Share]:
        parameters = {**cell._asdict(), "as_of_date": as_of_date, "province": self.province}
        rows = run_file(self.connection, "alerts/shares.sql", parameters).fetchall()
        return {code: Share(numerator, denominator) for code, numerator, denominator in rows}

    def _tell_part(self, part: Part) -> Contribution:
        name = self.names.get(part.agency_code, part.agency_code) if part.agency_code else NO_AGENCY_VI
        return Contribution(
            agency_code=part.agency_code,
            agency_name_vi=name,
            rate=Decimal(part.rate.numerator) / Decimal(part.rate.denominator),
            mix=Decimal(part.mix.numerator) / Decimal(part.mix.denominator),
        )

    def _reckon_needed(self, cell: Cell, row: Row) -> Needed | None:
        entry = self.entries[cell.plan_year, cell.indicator_code, cell.variant]
        closes_on = entry.closes_on.replace(year=entry.closes_on.year + cell.figure_year - cell.plan_year)
        # Of a year's shares the denominator grows as dossiers come; of a plan or of agencies it stands.
        is_growing = (
            entry.is_share
            and entry.period == "year_to_date"
            and entry.judged == "as_reported"
            and entry.roll_up not in COUNTS_AGENCIES
        )
        growing = None
        if is_growing and row.numerator is not None and row.denominator is not None:
            growing = Share(row.numerator, row.denominator)
        return reckon_needed(
            row.value,
            row.target,
            row.as_of_date,
            DateRange.inclusive(date(cell.figure_year, 1, 1), closes_on),
            begins_at_zero=entry.judged == "year_end" and entry.period in BEGIN_AT_ZERO,
            growing=growing,
        )
