"""The agencies' progress on the tasks of the plan's annex (include/catalog/tasks_2024.yaml)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from simulator.agencies import AGENCIES_CSV, Agency
from simulator.sets import find_members, list_valid
from simulator.yaml_files import load_yaml

NEVER_DONE, DONE_LATE, NOT_APPLICABLE = 0.06, 0.12, 0.03  # shares of the agencies that answer for a task
DAYS_LATE = 25


@dataclass(frozen=True, slots=True)
class Task:
    """A task, and the agencies and sets that answer for it."""

    code: str
    kind: str
    starts_on: date
    due_on: date | None
    codes: tuple[str, ...]
    sets: tuple[str, ...]

    def find_agencies(self, day: date) -> list[Agency]:
        """The agencies that answer for it on ``day``, by code as text."""
        members = {member.code for code in self.sets for member in find_members(code, day)}
        return [agency for agency in list_valid(day) if agency.code in members.union(self.codes)]


@cache
def list_tasks() -> tuple[Task, ...]:
    """The tasks in the order of the annex."""
    plan = load_yaml(AGENCIES_CSV.with_name("tasks_2024.yaml"))
    return tuple(
        Task(
            code=task["code"],
            kind=task["deadline_kind"],
            starts_on=task.get("starts_on", date(plan["year"], 1, 1)),
            due_on=task.get("due_on"),
            codes=tuple(task["agencies"].get("codes", ())),
            sets=tuple(task["agencies"].get("sets", ())),
        )
        for group in plan["groups"]
        for task in group["tasks"]
    )


def find_status(task: Task, drawn: float, day: date) -> tuple[str, date | None]:
    """An agency's status of ``task`` on ``day``, and the day of its completion; ``drawn``: its own number from 0 to 1.

    Most agencies complete a task with an end in time, some days later, a few never. Tasks of a plan or a request are
    completed in the course of the year; standing tasks go on.
    """
    if day < task.starts_on:
        return "chưa thực hiện", None
    if task.kind == "event_driven" and drawn < NOT_APPLICABLE:
        return "không áp dụng", None
    if drawn >= NEVER_DONE and (task.due_on or task.kind.startswith(("per_plan", "on_request"))):
        window = (task.due_on or date(task.starts_on.year, 11, 30)) - task.starts_on
        done_on = task.starts_on + timedelta(days=int(window.days * (0.4 + 0.6 * drawn)))
        if drawn < DONE_LATE:
            done_on = task.starts_on + window + timedelta(days=DAYS_LATE)
        if done_on <= day:
            return "hoàn thành", done_on
    return "đang thực hiện", None
