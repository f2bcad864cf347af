"""The portal's counts by a scenario: dossiers a day, shares of each counter, and shares of single spans of days.

Every value of the year can be computed by hand. A scenario is a YAML file; its agencies are those of agencies.csv in
the folder ``catalog`` beside it.
"""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from math import floor
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from simulator.agencies import Agency, read_agencies
from simulator.values import COUNTERS, DEFAULT_SEED, RATES, Values, Whole
from simulator.yaml_files import load_yaml

BASES = {rate.counter: rate.of for rate in RATES} | {"processing_days": "received"}


def _known_counter(name: str) -> str:
    if name not in BASES:
        raise ValueError(f"is no counter that is a share of another, take one of {', '.join(BASES)}")
    return name


Counter = Annotated[str, AfterValidator(_known_counter)]
# 0.46 as written, not the nearest binary number; 1/13 as text.
Exact = Annotated[Fraction, BeforeValidator(lambda number: Fraction(str(number))), Field(ge=0)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Catchment(_Record):
    """The area of an agency: ``dossiers`` a day, and the shares that differ from the scenario's."""

    dossiers: Exact
    shares: dict[Counter, Exact] = Field(default_factory=dict)


class ShareOverride(_Record):
    """Shares of ``counter`` from ``first`` to ``last``, both included: each day the next of ``shares``, in a cycle."""

    agencies: tuple[str, ...]
    counter: Counter
    first: date
    last: date
    shares: tuple[Exact, ...]


class Scenario(_Record):
    """The file. ``shares``: of every agency; ``heirs``: ended agency → the agency that answers for it."""

    year: int
    shares: dict[Counter, Exact]
    agencies: dict[str, Catchment]
    heirs: dict[str, str]
    overrides: tuple[ShareOverride, ...]

    @property
    def days(self) -> list[date]:
        """The days of its year."""
        start = date(self.year, 1, 1)
        return [start + timedelta(days=n) for n in range((date(self.year + 1, 1, 1) - start).days)]

    def list_shares(self, code: str, counter: str) -> list[Fraction]:
        """The share of ``counter`` on each day of the year."""
        usual = self.agencies[code].shares.get(counter, self.shares[counter])
        shares = [usual] * len(self.days)
        for override in self.overrides:
            if code in override.agencies and counter == override.counter:
                start = override.first.timetuple().tm_yday - 1
                for n in range((override.last - override.first).days + 1):
                    shares[start + n] = override.shares[n % len(override.shares)]
        return shares


class ScenarioValues(Values):
    """The counts of a scenario in its year; all other years have zeros."""

    def __init__(self, scenario: Scenario, agencies: tuple[Agency, ...]) -> None:
        super().__init__(DEFAULT_SEED, 0, agencies)
        self.scenario = scenario
        self.heirs = scenario.heirs
        self.catchments = tuple(catchment for catchment in self.catchments if catchment.code in scenario.agencies)

    def draw_year(self, year: int) -> Whole:
        """Cumulative counts: counters (in the order of Counts) × catchments × days + 1."""
        return (
            self._year_counts
            if year == self.scenario.year
            else np.zeros((len(COUNTERS), len(self.catchments), 367), np.int64)
        )

    @cached_property
    def _year_counts(self) -> Whole:
        drawn = [self._count_catchment(catchment.code) for catchment in self.catchments]
        return np.array([[counts[counter] for counts in drawn] for counter in COUNTERS], np.int64)

    def _count_catchment(self, code: str) -> dict[str, list[int]]:
        """Cumulative counts of a catchment by counter. Fractions of a dossier count once they sum up to a whole one."""
        daily = {"received": [self.scenario.agencies[code].dossiers] * len(self.scenario.days)}
        for counter, base in BASES.items():
            shares = self.scenario.list_shares(code, counter)
            daily[counter] = [whole * share for whole, share in zip(daily[base], shares, strict=True)]
        return {counter: _cumulate(counts) for counter, counts in daily.items()}


def _cumulate(daily: list[Fraction]) -> list[int]:
    total, sums = Fraction(), [0]
    for count in daily:
        total += count
        sums.append(floor(total))
    return sums


def read_scenario(path: Path) -> ScenarioValues:
    """The counts of a scenario's file. Raises pydantic's ValidationError for wrong fields."""
    scenario = Scenario.model_validate(load_yaml(path))
    return ScenarioValues(scenario, read_agencies(path.parent / "catalog" / "agencies.csv"))
