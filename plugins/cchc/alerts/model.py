"""What alerts hold and tell. Facts are frozen when a step is noted, so that a message says what was known then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Severity = Literal["info", "warning", "urgent"]
Audience = Literal["performance", "operators"]
ToldStep = Literal["opened", "reopened", "escalated", "resolved", "withdrawn"]
Step = ToldStep | Literal["lapsed", "closed"]  # those are on record, and told to nobody
CellKind = Literal["missed", "behind", "drop", "unknown", "reconciliation"]
TaskKind = Literal["task_overdue", "task_due_soon"]
OperatorKind = Literal["source_late", "night_late", "run_failed", "undelivered"]
Kind = CellKind | TaskKind | OperatorKind

SEVERITIES: tuple[Severity, ...] = ("info", "warning", "urgent")


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Contribution(_Facts):
    """What an agency has added to a change, in points: by its own rate, and by its share of the whole (the mix).

    ``agency_code`` None: what the source counts for the province and for no agency.
    """

    agency_code: str | None
    agency_name_vi: str
    rate: Decimal
    mix: Decimal

    @property
    def total(self) -> Decimal:
        """Both parts."""
        return self.rate + self.mix


class Change(_Facts):
    """How a value has moved since ``since`` (a data day), and who moved it most; ``contributions``: at most three."""

    since: date
    value: Decimal
    contributions: tuple[Contribution, ...] = ()


class Needed(_Facts):
    """What reaching the target takes. ``per_week``: points (or units) a week until ``by``; ``so_far_per_week``: what
    the weeks until now have brought. ``rest_pct``: of what is still to come, the share that must comply; above 100
    the target is out of reach. None where it can't be reckoned."""

    by: date
    per_week: Decimal
    so_far_per_week: Decimal | None = None
    rest_pct: Decimal | None = None


class CellFacts(_Facts):
    """A figure of one indicator and agency. ``value``, ``target``, ``pace_target`` in ``unit_vi``; unrounded.

    ``reasons``: of a figure that can't be judged, why: stale, provisional, partial. ``flags``: of a reconciliation.
    """

    about: Literal["cell"] = "cell"
    kind: CellKind
    indicator_code: str
    variant: str
    clause: str
    name_vi: str
    unit_vi: str
    agency_code: str
    agency_name_vi: str
    is_province: bool
    data_date: date | None
    value: Decimal | None
    comparator: str | None
    target: Decimal | None
    pace_target: Decimal | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    change: Change | None = None
    needed: Needed | None = None
    reasons: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


class TaskFacts(_Facts):
    """A task of the annex that is overdue or due soon for one agency."""

    about: Literal["task"] = "task"
    kind: TaskKind
    task_code: str
    content_vi: str
    agency_code: str
    agency_name_vi: str
    due_on: date
    status: str


class OperatorFacts(_Facts):
    """Something that operators must mend. ``subject_vi``: what; ``told``: in words; ``runbook``: heading of the page
    docs/runbook.md."""

    about: Literal["operation"] = "operation"
    kind: OperatorKind
    subject_vi: str
    told: str
    runbook: str
    source: str | None = None


Facts = CellFacts | TaskFacts | OperatorFacts
FACTS: TypeAdapter[Facts] = TypeAdapter(Annotated[Facts, Field(discriminator="about")])


@dataclass(frozen=True)
class Told:
    """One step of one alert, as one recipient is told of it."""

    alert_id: UUID
    step: Step
    kind: Kind
    severity: Severity
    audience: Audience
    began_on: date
    as_of_date: date
    facts: Facts
    opened_facts: Facts | None = None  # of steps after the opening: what was known then

    @property
    def short_id(self) -> str:
        """The beginning of the identifier, which people type: make ack ALERT=…"""
        return str(self.alert_id)[:8]


def name_alert(province: str, kind: Kind, subject: str, began_on: date) -> UUID:
    """The identifier of a turn: the same however often it is found."""
    return uuid5(NAMESPACE_URL, f"cchc/alert/{province}/{kind}/{subject}/{began_on}")
