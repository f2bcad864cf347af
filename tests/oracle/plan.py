"""The plan as the oracle reads it: every reading of every entry of plan_2024.yaml, and the tasks of its annex."""

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
    """What the value is compared with; None where the decision gives no number."""

    comparator: str | None
    target: Fraction | None


@dataclass(frozen=True)
class Reading:
    """An entry of the plan in one of its readings; ``primary`` is the target of its primary reading."""

    code: str
    variant: str
    told: Target
    primary: Target
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
        """The day on whose end nothing of the plan year can change any more."""
        return date(PLAN_YEAR + 1, 1, 31) if self.period == "budget_year" else date(PLAN_YEAR, 12, 31)

    def shown(self, day: date) -> frozenset[str]:
        """Codes of the agencies below the province that have a row on ``day``."""
        named = {code for code, agency in agencies_on(day).items() if agency.level in self.levels and code != ROOT}
        return frozenset(named if self.set_code is None else named & members(self.set_code, day))

    def counted(self, day: date) -> frozenset[str]:
        """Codes of the agencies that are to report: the set, also where only the province has a row."""
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
def read_readings() -> tuple[Reading, ...]:
    """All readings; what a variant doesn't say is its entry's."""
    plan = yaml.safe_load((CATALOG / "plan_2024.yaml").read_text(encoding="utf-8"))
    indicators = [indicator for clause in plan["clauses"] for indicator in clause["indicators"]]
    return tuple(
        _read_reading(indicator | variant, _read_target(indicator))
        for indicator in indicators
        for variant in ({"variant": "primary"}, *indicator.get("variants", []))
    )


def _read_target(entry: dict[str, Any]) -> Target:
    (target,) = entry["targets"]  # one for the whole year
    value = target["value"]
    return Target(entry["comparator"], None if value is None else Fraction(str(value)))


def _read_reading(entry: dict[str, Any], primary: Target) -> Reading:
    return Reading(
        code=entry["code"],
        variant=entry["variant"],
        told=_read_target(entry),
        primary=primary,
        judged=entry["judged"],
        published_on=entry.get("published_on"),
        counts=entry["counts"],
        is_share=entry.get("is_share", True),
        may_exceed_100=entry.get("may_exceed_100", False),
        is_target_reported=entry.get("is_target_reported", False),
        levels=tuple(entry["population"]["levels"]),
        set_code=entry["population"].get("set"),
        source=entry["source"],
        metric=entry.get("metric", ""),
        is_province_alone=entry.get("reported_for") == "province",
        roll_up=entry.get("roll_up", "own"),
        period=entry["period"],
    )


class Task(NamedTuple):
    """A task of the annex and who answers for it."""

    code: str
    due_on: date | None
    codes: tuple[str, ...]
    sets: tuple[str, ...]

    def answering(self, day: date) -> set[str]:
        """Codes of the agencies of ``day`` that answer for it."""
        return set(agencies_on(day)) & {*self.codes, *(code for name in self.sets for code in members(name, day))}


@cache
def read_tasks() -> tuple[dict[str, Task], int]:
    """The tasks by code, and on how many days before its end a task is due soon."""
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
