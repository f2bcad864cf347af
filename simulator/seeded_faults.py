"""The seeded faults of seeded_faults.yaml: the only errors in the sources' data unless a fault is switched on."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from simulator.yaml_files import load_yaml

SEEDED_FAULTS_YAML = Path(__file__).with_name("seeded_faults.yaml")

Cell = str | int | float | date | None
Row = dict[str, Any]


class _Fault(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExpectedOutcome(_Fault):
    """The outcome in the warehouse that tests expect."""

    outcome: Literal["quarantined", "flagged", "corrected", "stopped"]
    rule: str | None = None


class _Days(_Fault):
    """A fault of the rows of ``first_day`` to ``last_day`` as reported before the end of ``corrected_on``."""

    what: str
    first_day: date
    last_day: date | None = None
    corrected_on: date | None = None
    changes: dict[str, Cell] = Field(default_factory=dict)
    expected: ExpectedOutcome

    def hits(self, day: date, known_on: date) -> bool:
        """Whether a row of ``day`` has the fault, as reported at the end of ``known_on``."""
        is_corrected = self.corrected_on is not None and self.corrected_on <= known_on
        return self.first_day <= day <= (self.last_day or self.first_day) and not is_corrected


class UnitRow(_Days):
    """A fault of the e-office. A ``unit`` that isn't in the catalog gets its own row, made of ``changes``."""

    unit: str


class ProjectRow(_Days):
    """A fault of the treasury's API: in the first row of ``project``, with ``times`` in all amounts of its rows."""

    project: str
    times: int | None = None


class Export(_Fault):
    """A treasury file with values in units of ``values_in`` đồng that states the unit ``stated_unit``."""

    what: str
    closed_on: date
    values_in: int
    stated_unit: int
    corrected_on: date | None = None
    expected: ExpectedOutcome


class ReturnRow(_Fault):
    """A row added to a return."""

    what: str
    file: str
    sheet: str
    row: dict[str, Cell]
    expected: ExpectedOutcome


class ReturnFile(_Fault):
    """A return made of faulty rows only."""

    what: str
    file: str
    arrived_on: date
    sheet: str
    rows: tuple[dict[str, Cell], ...]
    expected: ExpectedOutcome


class Corrections(_Fault):
    """The share of unit-days that are corrected later, after ``max_days`` at the latest."""

    share: float
    max_days: int


class EOfficeFaults(_Fault):
    corrections: Corrections
    rows: tuple[UnitRow, ...]


class TreasuryFaults(_Fault):
    rows: tuple[ProjectRow, ...]
    exports: tuple[Export, ...]


class ReturnsFaults(_Fault):
    rows: tuple[ReturnRow, ...]
    files: tuple[ReturnFile, ...]


class SeededFaults(_Fault):
    """All of seeded_faults.yaml."""

    eoffice: EOfficeFaults
    treasury: TreasuryFaults
    returns: ReturnsFaults


@cache
def read_seeded_faults(path: Path = SEEDED_FAULTS_YAML) -> SeededFaults:
    """The seeded faults. Raises pydantic's ValidationError for wrong fields."""
    return SeededFaults.model_validate(load_yaml(path))
