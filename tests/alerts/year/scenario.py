"""The year as its sources tell it: what arrives on each night, from story.yaml, records.yaml and the small catalog."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from simulator.agencies import ROOT_CODE
from simulator.periods import Period
from simulator.scenario import ScenarioValues, read_scenario
from simulator.values import Counts

YEAR_FOLDER = Path(__file__).parent
CATALOG = YEAR_FOLDER / "catalog"
STORY = YEAR_FOLDER / "story.yaml"

FIRST, LAST = date(2024, 1, 1), date(2024, 12, 31)
NIGHTS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]

# Of each metric the counters that are its parts, and the endpoint that tells it.
METRICS = {
    "online_payment": ("paid_online", "payable", "formality-online-payment-tree"),
    "components_digitised": ("digitised", "dossiers", "dossier-digitized"),
    "data_reused": ("reused", "dossiers", "dossier-digitized"),
    "electronic_result": ("e_results", "dossiers", "dossier-digitized"),
}
PORTAL_ENTITIES = ("dossier-digitized", "formality-online-payment-tree")


class Parts(NamedTuple):
    """Numerator and denominator as told."""

    numerator: int
    denominator: int


class UnitDay(NamedTuple):
    """A unit's documents of a day: sent, and of them electronically."""

    unit: str
    day: date
    sent: int
    electronic: int


class Inspection(NamedTuple):
    """What a district says at the end of a month: 0 or 1 of 1."""

    agency: str
    month_end: date
    is_inspected: bool


class TaskDone(NamedTuple):
    """A task reported as done."""

    task: str
    agency: str
    done_on: date
    reported_on: date


@dataclass(frozen=True)
class Telling:
    """Everything that the year's sources tell, and when."""

    figures: ScenarioValues
    records: dict[str, Any]

    def list_units(self, day: date) -> list[str]:
        """The agencies of a day but the province, by code."""
        return [code for code in self.figures.valid_agencies(day) if code != ROOT_CODE]

    def list_parts(self, metric: str, day: date) -> dict[str, Parts]:
        """Each agency's parts of a metric of the portal at the end of a day, the province's among them."""
        numerator, denominator, _ = METRICS[metric]
        return {code: Parts(getattr(c, numerator), getattr(c, denominator)) for code, c in self._counts[day].items()}

    @cached_property
    def _counts(self) -> dict[date, dict[str, Counts]]:
        year = Period.of_months(FIRST.year, 1, 12)
        snapshots = {day: self.figures.take_snapshot(year, day) for day in NIGHTS}
        return {
            day: {unit.agency.code: unit.counts for unit in (taken.root, *taken.units)}
            for day, taken in snapshots.items()
        }

    def list_flags(self, metric: str, day: date, code: str) -> list[str]:
        """The quality flags of a figure of the portal."""
        return [
            told["flag"]
            for told in self.records["flags"]
            if told["metric"] == metric
            and told["first"] <= day <= told["last"]
            and (code == ROOT_CODE or not told.get("root_only"))
        ]

    def is_out(self, night: date) -> bool:
        """Whether the portal doesn't answer."""
        return any(out["first"] <= night <= out["last"] for out in self.records["outages"])

    @cached_property
    def arrivals(self) -> dict[str, dict[date, date]]:
        """Source → day → the night on which it is told; days that nobody tells are missing."""
        portal = {day: night for day, night in self._delay("national_portal").items() if not self.is_out(day)}
        return {"national_portal": portal, "eoffice": self._delay("eoffice")}

    def _delay(self, source: str) -> dict[date, date]:
        late = [told for told in self.records["late"] if told["source"] == source]
        arrivals, waiting = {}, FIRST
        for day in NIGHTS:
            days = max((told["days"] for told in late if told["first"] <= day <= told["last"]), default=0)
            waiting = arrivals[day] = max(day + timedelta(days=days), waiting)
        return arrivals

    def list_days(self, source: str, night: date) -> list[date]:
        """The days that arrive on a night."""
        return [day for day, arrival in self.arrivals[source].items() if arrival == night]

    def tell_unit_day(self, unit: str, day: date, known_on: date) -> UnitDay:
        """What the e-office says on ``known_on`` of a unit's day."""
        documents = self.records["documents"]
        share = documents["share"]
        for turn in documents["turns"]:
            is_notified = turn.get("told_from", FIRST) <= known_on < turn.get("told_right_on", date.max)
            if turn["agency"] == unit and turn["first"] <= day <= turn["last"] and is_notified:
                share = turn["share"]
        sent = documents["units"][unit]
        electronic = sent * Fraction(str(share))
        assert electronic.denominator == 1, (unit, day)
        return UnitDay(unit, day, sent, int(electronic))

    def list_office_units(self, day: date) -> list[str]:
        """The units that send documents on a day."""
        return [code for code in self.list_units(day) if code in self.records["documents"]["units"]]

    def list_unit_days(self, night: date) -> Iterator[UnitDay]:
        """What the e-office tells on a night: the days that arrive, and those it tells anew."""
        days = [(unit, day) for day in self.list_days("eoffice", night) for unit in self.list_office_units(day)]
        for turn in self.records["documents"]["turns"]:
            if night in (turn.get("told_from"), turn.get("told_right_on")):
                count = (turn["last"] - turn["first"]).days + 1
                days += [(turn["agency"], turn["first"] + timedelta(days=n)) for n in range(count)]
        return (self.tell_unit_day(unit, day, night) for unit, day in days)

    @cached_property
    def paid(self) -> dict[date, int]:
        """Paid by the end of each day."""
        total, paid, rate = 0, {}, 0
        for day in NIGHTS:
            rate = self.records["payments"]["a_day"].get(day, rate)
            paid[day] = total = total + rate
        return paid

    @property
    def plan(self) -> int:
        """What is to be paid in the year."""
        plan: int = self.records["payments"]["plan"]
        return plan

    def list_inspections(self, night: date) -> list[Inspection]:
        """What the districts report on a night: each the month before, unless it keeps silent."""
        told = self.records["inspections"]
        if night.day != told["told_on_day"] or night.month == 1:
            return []
        month_end = night.replace(day=1) - timedelta(days=1)
        silent = [item["agency"] for item in told["silent"] if item["month"] == month_end]
        return [
            Inspection(code, month_end, told["inspected_from"].get(code, date.max) <= month_end)
            for code, agency in self.figures.valid_agencies(night).items()
            if agency.level == "district" and code not in silent
        ]

    @property
    def tasks_done(self) -> list[TaskDone]:
        """Every report of a task."""
        return [TaskDone(**told) for told in self.records["tasks"]]


def read_telling() -> Telling:
    """Read the year."""
    records = yaml.safe_load((YEAR_FOLDER / "records.yaml").read_text(encoding="utf-8"))
    return Telling(read_scenario(STORY), records)
