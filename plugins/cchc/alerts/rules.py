"""Alert rules, typed from include/alerts/rules.yaml: when an episode begins and ends, and how severe a kind is."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from cchc.alerts.model import IndicatorKind, OperatorKind, Severity, TaskKind
from cchc.mistake import CatalogError, Mistake, explain_error, field_path
from cchc.strict_yaml import Clock, read_document

AnyKind = Literal[IndicatorKind, TaskKind, OperatorKind]  # one list, so that a mistyped kind is one mistake
KINDS: tuple[str, ...] = (*get_args(IndicatorKind), *get_args(TaskKind), *get_args(OperatorKind))

Points = Annotated[Decimal, Field(gt=0)]
Count = Annotated[int, Field(strict=True, gt=0)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class EpisodeRule:
    """The hysteresis of one kind of alert.

    An episode begins with ``confirmed_by`` successive bad days while the series is armed. It ends, and the series is
    armed again, after ``rearm_days`` successive good days or one good day at least ``rearm_gap`` above the line, in the
    indicator's unit (None: never by a gap). A series that isn't ``is_armed_at_first`` is armed by its first good day.
    """

    confirmed_by: int
    rearm_days: int
    rearm_gap: Decimal | None
    is_armed_at_first: bool


class UnknownRule(_Record):
    """A result that can't be judged. ``rearm_days``: days with a judgeable result, whatever their data date."""

    rearm_days: Count


class DropRule(_Record):
    """An unusual fall. ``least_points``: in the indicator's unit. ``least_changes``: known changes that it needs."""

    times_median: Points
    least_points: Points
    days: Count
    least_changes: Count
    confirmed_by_data_days: Count


class Rules(_Record):
    """The alert rules. include/alerts/rules.yaml explains the fields, where people write them."""

    variants: tuple[str, ...]
    confirmed_by_data_days: Count
    rearm_gap: Points
    rearm_data_days: Count
    least_denominator: Count
    provisional_flags: frozenset[str]
    reconciliation_flags: frozenset[str]
    drop: DropRule
    unknown: UnknownRule
    urgent_gap: Points
    compare_days: Count
    history_days: Count
    escalate_after_working_days: Count
    run_ready_by: Clock
    severity: dict[AnyKind, Severity]

    @field_validator("severity")
    @classmethod
    def _name_every_kind(cls, severity: dict[AnyKind, Severity]) -> dict[AnyKind, Severity]:
        missing = [kind for kind in KINDS if kind not in severity]
        if missing:
            raise PydanticCustomError("left_out", "left out", {"names": ", ".join(missing)})
        return severity

    @cached_property
    def episode_rules(self) -> dict[IndicatorKind, EpisodeRule]:
        """The hysteresis of each kind."""
        days, rearm_days, gap = self.confirmed_by_data_days, self.rearm_data_days, self.rearm_gap
        return {
            "missed": EpisodeRule(days, rearm_days, gap, is_armed_at_first=False),
            "behind": EpisodeRule(days, rearm_days, gap, is_armed_at_first=True),
            "drop": EpisodeRule(self.drop.confirmed_by_data_days, rearm_days, None, is_armed_at_first=True),
            "unknown": EpisodeRule(days, self.unknown.rearm_days, None, is_armed_at_first=False),
            "reconciliation": EpisodeRule(days, rearm_days, None, is_armed_at_first=True),
        }


def load_rules(path: Path) -> Rules:
    """The rules of the file. Raises one CatalogError that names every mistake with its field."""
    mistakes: list[Mistake] = []
    document = read_document(path, mistakes)
    if mistakes:
        raise CatalogError(mistakes)
    try:
        return Rules.model_validate(document)
    except ValidationError as invalid:
        raise CatalogError(
            [Mistake(path.name, "", field_path(error["loc"]), explain_error(error)) for error in invalid.errors()]
        ) from None
