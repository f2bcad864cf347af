"""Types that detection and notification share: kinds, steps, facts and events of alerts.

Facts are stored with each step, so that a message shows the values known at that step. Rules, recipients and the
lifecycle of alerts have modules of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Severity = Literal["info", "warning", "urgent"]
Audience = Literal["performance", "operators"]
NotifiedStep = Literal["opened", "reopened", "escalated", "resolved", "withdrawn"]
Step = NotifiedStep | Literal["lapsed", "closed"]  # nobody is notified of the last two
Resolution = Literal["recovered", "withdrawn", "closed"]
IndicatorKind = Literal["missed", "behind", "drop", "unknown", "reconciliation"]
TaskKind = Literal["task_overdue", "task_due_soon"]
OperatorKind = Literal["source_late", "run_late", "run_failed", "undelivered"]
Kind = IndicatorKind | TaskKind | OperatorKind

SEVERITIES: tuple[Severity, ...] = ("info", "warning", "urgent")
URGENT_STEPS: frozenset[Step] = frozenset({"opened", "reopened"})
QUIET_STEPS: frozenset[Step] = frozenset({"closed", "lapsed"})


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Contribution(_Facts):
    """The part of a change that one agency made, in points: by its own rate, and by its weight in the whole (the mix).

    ``agency_code`` None: the part that the source counts for the province and for no agency.
    """

    agency_code: str | None
    agency_name_vi: str
    rate: Decimal
    mix: Decimal

    @property
    def total(self) -> Decimal:
        """Rate and mix together, in points."""
        return self.rate + self.mix


class Change(_Facts):
    """The change of a value since data date ``since``, when it was ``value``; ``contributions``: at most three."""

    since: date
    value: Decimal
    contributions: tuple[Contribution, ...] = ()


class RequiredRate(_Facts):
    """The weekly rate that reaches the target on ``by_date``, in the unit of the value (mart.required_rate).

    ``so_far_per_week``: the rate of the year until now. ``rest_pct``: percentage of the cases still to come that must
    comply; above 100 the target is out of reach. None: not applicable.
    """

    by_date: date
    per_week: Decimal
    so_far_per_week: Decimal | None = None
    rest_pct: Decimal | None = None


class IndicatorFacts(_Facts):
    """A result of one indicator and agency. ``value``, ``target``, ``pace_target``: in ``unit_vi``, unrounded.

    ``reasons``: why the result can't be judged (stale, provisional, partial). ``flags``: flags of a reconciliation.
    """

    about: Literal["indicator"] = "indicator"
    kind: IndicatorKind
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
    required_rate: RequiredRate | None = None
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
    """A fault that operators must mend. ``runbook``: heading of its page in docs/runbook.md when the step was noted."""

    about: Literal["operation"] = "operation"
    kind: OperatorKind
    subject_vi: str
    details_vi: str
    runbook: str
    source: str | None = None


Facts = IndicatorFacts | TaskFacts | OperatorFacts
FACTS: TypeAdapter[Facts] = TypeAdapter(Annotated[Facts, Field(discriminator="about")])


@dataclass(frozen=True)
class AlertEvent:
    """One step of one alert with the facts known at that step, as a recipient is notified of it.

    ``as_of_date``: as-of date of the run that took the step; for a step of a person, of the run that opened the alert.
    ``opened_facts``: the facts at the opening; None for the opening itself.
    """

    alert_id: UUID
    step: Step
    kind: Kind
    severity: Severity
    audience: Audience
    began_on: date
    as_of_date: date
    facts: Facts
    opened_facts: Facts | None = None

    @property
    def short_id(self) -> str:
        """The first characters of the identifier, which people type: make ack ALERT=…"""
        return str(self.alert_id)[:8]

    @property
    def is_urgent(self) -> bool:
        """Whether the event is sent at once instead of with the next digest."""
        return self.severity == "urgent" and self.step in URGENT_STEPS


def make_alert_id(province: str, kind: Kind, subject: str, began_on: date) -> UUID:
    """The identifier of an alert; the same episode always gets the same one."""
    return uuid5(NAMESPACE_URL, f"cchc/alert/{province}/{kind}/{subject}/{began_on}")
