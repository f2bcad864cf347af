"""Both sides of the comparison, and their differences as a table that a person can read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from fractions import Fraction
from itertools import islice
from typing import Any

from tests.oracle.attainment import Cell, Row, Standing
from tests.runs.conftest import Installation

PRECISION = Fraction(1, 10**12)  # a quotient is told in at least twelve decimals
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


def read_attainment(installation: Installation, days: list[date]) -> dict[Cell, Row]:
    """The rows of the pipeline."""
    rows = {}
    for found in installation.query(ATTAINMENT, days):
        numerator, denominator, value, comparator, target, status, *pace, coverage, data_date, is_stale, flags = found[
            5:
        ]
        rows[Cell(*found[:5])] = Row(
            numerator=read_exactly(numerator),
            denominator=read_exactly(denominator),
            value=read_exactly(value),
            comparator=comparator,
            target=read_exactly(target),
            status=status,
            pace_target=read_exactly(pace[0]),
            pace_status=pace[1],
            coverage=read_exactly(coverage),
            data_date=data_date,
            is_stale=is_stale,
            flags=frozenset(flags) & COMPARED_FLAGS,
        )
    return rows


def read_tasks(installation: Installation, days: list[date]) -> dict[tuple[date, str, str], Standing]:
    """The rows of the pipeline for the tasks of the annex."""
    return {tuple(found[:3]): Standing(*found[3:]) for found in installation.query(TASKS, days)}


def read_exactly(number: Any) -> Fraction | None:
    """The same number."""
    return None if number is None else Fraction(number)


def tell_differences(expected: Mapping[Any, Any], found: Mapping[Any, Any]) -> str:
    """The first differing cells, oracle against pipeline, both directions; empty where there are none."""
    lines = [
        f"{' '.join(map(str, cell)):<50} {difference}"
        for cell in sorted(set(expected) | set(found))
        for difference in compare(expected.get(cell), found.get(cell))
    ]
    return "\n".join([*islice(lines, SHOWN), f"… {len(lines)} in all"]) if lines else ""


def compare(expected: Any, found: Any) -> Collection[str]:
    """The columns in which two rows differ."""
    if expected is None or found is None:
        return ["no such row in the pipeline" if found is None else f"not expected, the pipeline has {found.status}"]
    return [
        f"{column}: oracle {show(ours)} | pipeline {show(theirs)}"
        for column, ours in columns(expected).items()
        if not is_same(ours, theirs := columns(found)[column])
    ]


def columns(row: Any) -> dict[str, Any]:
    """By name, of a Row or a Standing."""
    return row._asdict() if isinstance(row, Standing) else vars(row)


def is_same(ours: Any, theirs: Any) -> bool:
    """Equal; two fractions to twelve decimals."""
    if isinstance(ours, Fraction) and isinstance(theirs, Fraction):
        return abs(ours - theirs) < PRECISION
    return bool(ours == theirs)


def show(value: Any) -> str:
    """Short."""
    if isinstance(value, Fraction):
        return str(value) if value.denominator == 1 else f"{float(value):.12g}"
    return ",".join(sorted(value)) if isinstance(value, frozenset) else str(value)
