"""What is wrong on purpose, read from planted.yaml: the only mistakes of the sources besides faults switched on."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

PLANTED_YAML = Path(__file__).with_name("planted.yaml")

Cell = str | int | float | date | None
Row = dict[str, Any]


class _Plant(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ending(_Plant):
    """What must become of it in the warehouse."""

    outcome: Literal["quarantined", "flagged", "corrected", "stopped"]
    rule: str | None = None


class _Days(_Plant):
    """Hits the rows of ``first_day`` to ``last_day`` as told before the evening of ``told_right_on``."""

    what: str
    first_day: date
    last_day: date | None = None
    told_right_on: date | None = None
    changes: dict[str, Cell] = Field(default_factory=dict)
    ends_as: Ending

    def hits(self, day: date, known_on: date) -> bool:
        """Whether a row of ``day`` told at the end of ``known_on`` carries it."""
        is_told_right = self.told_right_on is not None and self.told_right_on <= known_on
        return self.first_day <= day <= (self.last_day or self.first_day) and not is_told_right


class UnitRow(_Days):
    """Of the e-office; a ``unit`` that isn't on the map gets a row of its own, made of ``changes``."""

    unit: str


class ProjectRow(_Days):
    """Of the treasury's API: the first row of ``project``, or with ``times`` the amounts of all its rows."""

    project: str
    times: int | None = None


class Export(_Plant):
    """A treasury file with its values in ``values_in`` đồng that says its unit is ``says``."""

    what: str
    closed_on: date
    values_in: int
    says: int
    told_right_on: date | None = None
    ends_as: Ending


class ReturnRow(_Plant):
    """A row added to a return."""

    what: str
    file: str
    sheet: str
    row: dict[str, Cell]
    ends_as: Ending


class ReturnFile(_Plant):
    """A return of its own."""

    what: str
    file: str
    arrived_on: date
    sheet: str
    rows: tuple[dict[str, Cell], ...]
    ends_as: Ending


class Corrections(_Plant):
    """Share of unit-days told anew, and after how many days at the latest."""

    share: float
    longest_days: int


class EOfficePlants(_Plant):
    corrections: Corrections
    rows: tuple[UnitRow, ...]


class TreasuryPlants(_Plant):
    rows: tuple[ProjectRow, ...]
    exports: tuple[Export, ...]


class ReturnsPlants(_Plant):
    rows: tuple[ReturnRow, ...]
    files: tuple[ReturnFile, ...]


class Planted(_Plant):
    """All of planted.yaml."""

    eoffice: EOfficePlants
    treasury: TreasuryPlants
    returns: ReturnsPlants


@cache
def read_planted(path: Path = PLANTED_YAML) -> Planted:
    """Read planted.yaml; pydantic's ValidationError names what isn't as it should be."""
    return Planted.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
