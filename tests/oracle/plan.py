"""The plan as the oracle reads it: every variant of every indicator of plan_2024.yaml, and the tasks of its annex."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import yaml

from tests.oracle.province import CATALOG, ROOT, agencies_on, is_list_complete, members

PLAN_YEAR = 2024


class Target(NamedTuple):
    """The comparator and the target of a variant; None where the decision gives no number."""

    comparator: str | None
    target: Fraction | None


@dataclass(frozen=True)
class PlanVariant:
    """A variant of an indicator, as the plan defines it."""

    code: str
    variant: str
    target: Target
    judged: str
    published_on: date | None
    counts: str
    is_share: bool
    may_exceed_100: bool
    is_target_reported: bool
    levels: tuple[str, ...]
    set_code: str | None
    source: str
    metric: str
    is_province_alone: bool
    roll_up: str
    period: str

    @property
    def closes_on(self) -> date:
        """The last day on which a value of the plan year can change."""
        return date(PLAN_YEAR + 1, 1, 31) if self.period == "budget_year" else date(PLAN_YEAR, 12, 31)

    def shown(self, day: date) -> frozenset[str]:
        """The codes of the agencies below the province that have a row on ``day``."""
        named = {code for code, agency in agencies_on(day).items() if agency.level in self.levels and code != ROOT}
        return frozenset(named if self.set_code is None else named & members(self.set_code, day))

    def counted(self, day: date) -> frozenset[str]:
        """The codes of the agencies that report: the members of the set, even where only the province has a row."""
        return self.shown(day) if self.set_code is None else members(self.set_code, day)

    @property
    def is_set_complete(self) -> bool:
        """Whether the list of the set's members is complete."""
        return self.set_code is not None and is_list_complete(self.set_code)

    @property
    def is_shown(self) -> bool:
        """Whether agencies have rows of their own."""
        return any(level != "province" for level in self.levels)


@cache
def read_variants() -> tuple[PlanVariant, ...]:
    """All variants; each inherits from its indicator the fields that it leaves out."""
    plan = yaml.safe_load((CATALOG / "plan_2024.yaml").read_text(encoding="utf-8"))
    indicators = [indicator for clause in plan["clauses"] for indicator in clause["indicators"]]
    return tuple(
        _read_variant(indicator | variant)
        for indicator in indicators
        for variant in ({"variant": "primary"}, *indicator.get("variants", []))
    )


def _read_target(given: dict[str, Any]) -> Target:
    (target,) = given["targets"]  # one for the whole year
    value = target["value"]
    return Target(given["comparator"], None if value is None else Fraction(str(value)))


def _read_variant(given: dict[str, Any]) -> PlanVariant:
    return PlanVariant(
        code=given["code"],
        variant=given["variant"],
        target=_read_target(given),
        judged=given["judged"],
        published_on=given.get("published_on"),
        counts=given["counts"],
        is_share=given.get("is_share", True),
        may_exceed_100=given.get("may_exceed_100", False),
        is_target_reported=given.get("is_target_reported", False),
        levels=tuple(given["population"]["levels"]),
        set_code=given["population"].get("set"),
        source=given["source"],
        metric=given.get("metric", ""),
        is_province_alone=given.get("reported_for") == "province",
        roll_up=given.get("roll_up", "own"),
        period=given["period"],
    )


class Task(NamedTuple):
    """A task of the annex, with the agencies and sets that answer for it."""

    code: str
    due_on: date | None
    codes: tuple[str, ...]
    sets: tuple[str, ...]

    def answering(self, day: date) -> set[str]:
        """The codes of the agencies that answer for the task on ``day``."""
        return set(agencies_on(day)) & {*self.codes, *(code for name in self.sets for code in members(name, day))}


@cache
def read_tasks() -> tuple[dict[str, Task], int]:
    """The tasks by code, and the number of days before its end from which a task is due soon."""
    annex = yaml.safe_load((CATALOG / "tasks_2024.yaml").read_text(encoding="utf-8"))
    tasks = [
        Task(
            task["code"],
            task.get("due_on"),
            tuple(task["agencies"].get("codes", ())),
            tuple(task["agencies"].get("sets", ())),
        )
        for group in annex["groups"]
        for task in group["tasks"]
    ]
    return {task.code: task for task in tasks}, annex["due_soon_days"]
