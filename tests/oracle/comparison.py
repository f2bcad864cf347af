"""The pipeline's rows, and their differences from the oracle's as a table that a person can read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from fractions import Fraction
from itertools import islice
from typing import Any

from tests.oracle.attainment import ResultKey, Row, TaskRow
from tests.runs.conftest import Installation

PRECISION = Fraction(1, 10**12)  # the pipeline stores a quotient with at least twelve decimals
COMPARED_FLAGS = {
    "agency_not_in_catalog",
    "numerator_over_denominator",
    "over_100",
    "partial",
    "plan_of_other_year",
    "processed_over_total",
    "received_parts_exceed",
    "sent_by_lead",
    "sent_parts_differ",
}
SHOWN = 20

ATTAINMENT = """
select
    a.as_of_date, a.plan_year, a.indicator_code, a.variant, a.agency_code, a.numerator, a.denominator, a.value,
    a.comparator, a.target, a.status, a.pace_target, a.pace_status, a.coverage, a.data_date, a.is_stale, a.quality_flags
from mart.indicator_attainment as a
where a.as_of_date = any(%s)
"""
TASKS = """
select as_of_date, task_code, agency_code, status, due_on, done_on, is_overdue, is_due_soon, evidence
from mart.task_status where as_of_date = any(%s)
"""


def read_attainment(installation: Installation, days: list[date]) -> dict[ResultKey, Row]:
    """The pipeline's results of ``days``."""
    rows = {}
    for found in installation.query(ATTAINMENT, days):
        numerator, denominator, value, comparator, target, status, *pace, coverage, data_date, is_stale, flags = found[
            5:
        ]
        rows[ResultKey(*found[:5])] = Row(
            numerator=to_fraction(numerator),
            denominator=to_fraction(denominator),
            value=to_fraction(value),
            comparator=comparator,
            target=to_fraction(target),
            status=status,
            pace_target=to_fraction(pace[0]),
            pace_status=pace[1],
            coverage=to_fraction(coverage),
            data_date=data_date,
            is_stale=is_stale,
            flags=frozenset(flags) & COMPARED_FLAGS,
        )
    return rows


def read_tasks(installation: Installation, days: list[date]) -> dict[tuple[date, str, str], TaskRow]:
    """The pipeline's status of each task of the annex on ``days``, by day, task and agency."""
    return {tuple(found[:3]): TaskRow(*found[3:]) for found in installation.query(TASKS, days)}


def to_fraction(number: Any) -> Fraction | None:
    """The same number, exactly."""
    return None if number is None else Fraction(number)


def format_differences(expected: Mapping[Any, Any], found: Mapping[Any, Any]) -> str:
    """The first ``SHOWN`` differences between oracle and pipeline, one a line; empty where there is none."""
    lines = [
        f"{' '.join(map(str, key)):<50} {difference}"
        for key in sorted(set(expected) | set(found))
        for difference in compare(expected.get(key), found.get(key))
    ]
    return "\n".join([*islice(lines, SHOWN), f"… {len(lines)} in all"]) if lines else ""


def compare(expected: Any, found: Any) -> Collection[str]:
    """A description of each column in which two rows differ."""
    if expected is None or found is None:
        return ["no such row in the pipeline" if found is None else f"not expected, the pipeline has {found.status}"]
    return [
        f"{column}: oracle {render(ours)} | pipeline {render(theirs)}"
        for column, ours in columns(expected).items()
        if not is_same(ours, theirs := columns(found)[column])
    ]


def columns(row: Any) -> dict[str, Any]:
    """The columns of a row by name."""
    return row._asdict() if isinstance(row, TaskRow) else vars(row)


def is_same(ours: Any, theirs: Any) -> bool:
    """Whether two values are equal; fractions are equal to twelve decimals."""
    if isinstance(ours, Fraction) and isinstance(theirs, Fraction):
        return abs(ours - theirs) < PRECISION
    return bool(ours == theirs)


def render(value: Any) -> str:
    """A value as a short text."""
    if isinstance(value, Fraction):
        return str(value) if value.denominator == 1 else f"{float(value):.12g}"
    return ",".join(sorted(value)) if isinstance(value, frozenset) else str(value)
