"""When people are told: include/alerts/rules.yaml, typed."""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from cchc.alerts.detection.episodes import TrackRule
from cchc.alerts.model import CellKind, OperatorKind, Severity, TaskKind
from cchc.mistake import CatalogError, Mistake, explain_error, field_path
from cchc.strict_yaml import Clock, read_document

AnyKind = Literal[CellKind, TaskKind, OperatorKind]  # one list, so that a mistyped kind is told once
KINDS: tuple[str, ...] = (*get_args(CellKind), *get_args(TaskKind), *get_args(OperatorKind))

Points = Annotated[Decimal, Field(gt=0)]
Count = Annotated[int, Field(strict=True, gt=0)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DropRule(_Record):
    """An unusual fall. Points, days, and how many changes must be known."""

    times_median: Points
    least_points: Points
    days: Count
    least_changes: Count


class Rules(_Record):
    """The fields are explained where people write them."""

    variants: tuple[str, ...]
    confirmed_by_data_days: Count
    rearm_gap: Points
    rearm_data_days: Count
    least_denominator: Count
    provisional_flags: frozenset[str]
    reconciliation_flags: frozenset[str]
    drop: DropRule
    urgent_gap: Points
    compare_days: Count
    history_days: Count
    escalate_after_working_days: Count
    night_ready_by: Clock
    severity: dict[AnyKind, Severity]

    @field_validator("severity")
    @classmethod
    def _name_every_kind(cls, severity: dict[AnyKind, Severity]) -> dict[AnyKind, Severity]:
        missing = [kind for kind in KINDS if kind not in severity]
        if missing:
            raise PydanticCustomError("left_out", "left out", {"names": ", ".join(missing)})
        return severity

    @cached_property
    def track_rules(self) -> dict[CellKind, TrackRule]:
        """How the watch for each kind turns."""
        days, rearm_days, gap = self.confirmed_by_data_days, self.rearm_data_days, self.rearm_gap
        return {
            "missed": TrackRule(days, rearm_days, gap, is_armed_at_first=False),
            "behind": TrackRule(days, rearm_days, gap, is_armed_at_first=True),
            "drop": TrackRule(1, rearm_days, None, is_armed_at_first=True),
            "unknown": TrackRule(days, 1, None, is_armed_at_first=False),
            "reconciliation": TrackRule(days, rearm_days, None, is_armed_at_first=True),
        }


def load_rules(path: Path) -> Rules:
    """Read the rules; CatalogError names every mistake with its field."""
    mistakes: list[Mistake] = []
    document = read_document(path, mistakes)
    if mistakes:
        raise CatalogError(mistakes)
    try:
        return Rules.model_validate(document)
    except ValidationError as error:
        raise CatalogError(
            [Mistake(path.name, "", field_path(told["loc"]), explain_error(told)) for told in error.errors()]
        ) from None
