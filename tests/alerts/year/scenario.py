"""The scenario of the year: the reports of its sources by the run in which they arrive.

The files are scenario.yaml (the portal), records.yaml (the other sources) and the small catalog.
"""

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
PORTAL = YEAR_FOLDER / "scenario.yaml"

FIRST, LAST = date(2024, 1, 1), date(2024, 12, 31)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]

# Metric → the counters that are its parts, and the endpoint that reports it.
METRICS = {
    "online_payment": ("paid_online", "payable", "formality-online-payment-tree"),
    "components_digitised": ("digitised", "dossiers", "dossier-digitized"),
    "data_reused": ("reused", "dossiers", "dossier-digitized"),
    "electronic_result": ("e_results", "dossiers", "dossier-digitized"),
}
PORTAL_ENTITIES = ("dossier-digitized", "formality-online-payment-tree")


class Parts(NamedTuple):
    """Numerator and denominator as reported."""

    numerator: int
    denominator: int


class UnitDay(NamedTuple):
    """The documents that a unit sent on a day: all, and the electronic ones."""

    unit: str
    day: date
    sent: int
    electronic: int


class Inspection(NamedTuple):
    """The report of a district at the end of a month: 0 or 1 of 1."""

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
class Scenario:
    """All reports of the year's sources, and their times. ``values``: those of the portal."""

    values: ScenarioValues
    records: dict[str, Any]

    def list_units(self, day: date) -> list[str]:
        """The agencies of a day but the province, by code."""
        return [code for code in self.values.valid_agencies(day) if code != ROOT_CODE]

    def list_parts(self, metric: str, day: date) -> dict[str, Parts]:
        """The parts of a metric of the portal at the end of a day by agency, with the province."""
        numerator, denominator, _ = METRICS[metric]
        return {code: Parts(getattr(c, numerator), getattr(c, denominator)) for code, c in self._counts[day].items()}

    @cached_property
    def _counts(self) -> dict[date, dict[str, Counts]]:
        year = Period.of_months(FIRST.year, 1, 12)
        snapshots = {day: self.values.take_snapshot(year, day) for day in DAYS}
        return {
            day: {unit.agency.code: unit.counts for unit in (snapshot.root, *snapshot.units)}
            for day, snapshot in snapshots.items()
        }

    def list_flags(self, metric: str, day: date, code: str) -> list[str]:
        """The quality flags of a value of the portal."""
        return [
            flagged["flag"]
            for flagged in self.records["flags"]
            if flagged["metric"] == metric
            and flagged["first"] <= day <= flagged["last"]
            and (code == ROOT_CODE or not flagged.get("root_only"))
        ]

    def is_out(self, day: date) -> bool:
        """Whether the portal doesn't answer the run for ``day``."""
        return any(out["first"] <= day <= out["last"] for out in self.records["outages"])

    @cached_property
    def arrivals(self) -> dict[str, dict[date, date]]:
        """Source → day → day of the run that gets its report; days without a report are missing."""
        portal = {day: run for day, run in self._delay("national_portal").items() if not self.is_out(day)}
        return {"national_portal": portal, "eoffice": self._delay("eoffice")}

    def _delay(self, source: str) -> dict[date, date]:
        late = [delayed for delayed in self.records["late"] if delayed["source"] == source]
        arrivals, waiting = {}, FIRST
        for day in DAYS:
            days = max((one["days"] for one in late if one["first"] <= day <= one["last"]), default=0)
            waiting = arrivals[day] = max(day + timedelta(days=days), waiting)
        return arrivals

    def list_days(self, source: str, run: date) -> list[date]:
        """The days whose reports arrive in the run for a day."""
        return [day for day, arrival in self.arrivals[source].items() if arrival == run]

    def report_unit_day(self, unit: str, day: date, known_on: date) -> UnitDay:
        """The e-office's report of a unit's day, as known on ``known_on``."""
        documents = self.records["documents"]
        share = documents["share"]
        for override in documents["overrides"]:
            is_known = override.get("reported_from", FIRST) <= known_on < override.get("corrected_on", date.max)
            if override["agency"] == unit and override["first"] <= day <= override["last"] and is_known:
                share = override["share"]
        sent = documents["units"][unit]
        electronic = sent * Fraction(str(share))
        assert electronic.denominator == 1, (unit, day)
        return UnitDay(unit, day, sent, int(electronic))

    def list_office_units(self, day: date) -> list[str]:
        """The units that send documents on a day."""
        return [code for code in self.list_units(day) if code in self.records["documents"]["units"]]

    def list_unit_days(self, run: date) -> Iterator[UnitDay]:
        """The e-office's reports in a run: the days that arrive, and those that it restates."""
        days = [(unit, day) for day in self.list_days("eoffice", run) for unit in self.list_office_units(day)]
        for override in self.records["documents"]["overrides"]:
            if run in (override.get("reported_from"), override.get("corrected_on")):
                count = (override["last"] - override["first"]).days + 1
                days += [(override["agency"], override["first"] + timedelta(days=n)) for n in range(count)]
        return (self.report_unit_day(unit, day, run) for unit, day in days)

    @cached_property
    def paid(self) -> dict[date, int]:
        """The amount paid by the end of each day."""
        total, paid, rate = 0, {}, 0
        for day in DAYS:
            rate = self.records["payments"]["a_day"].get(day, rate)
            paid[day] = total = total + rate
        return paid

    @property
    def plan(self) -> int:
        """The amount planned for the year."""
        plan: int = self.records["payments"]["plan"]
        return plan

    def list_inspections(self, run: date) -> list[Inspection]:
        """The districts' reports in a run: each of the month before, without the silent ones."""
        records = self.records["inspections"]
        if run.day != records["reported_on_day"] or run.month == 1:
            return []
        month_end = run.replace(day=1) - timedelta(days=1)
        silent = [item["agency"] for item in records["silent"] if item["month"] == month_end]
        return [
            Inspection(code, month_end, records["inspected_from"].get(code, date.max) <= month_end)
            for code, agency in self.values.valid_agencies(run).items()
            if agency.level == "district" and code not in silent
        ]

    @property
    def tasks_done(self) -> list[TaskDone]:
        """Every report of a task."""
        return [TaskDone(**report) for report in self.records["tasks"]]


def read_year() -> Scenario:
    """The scenario of the files."""
    records = yaml.safe_load((YEAR_FOLDER / "records.yaml").read_text(encoding="utf-8"))
    return Scenario(read_scenario(PORTAL), records)
