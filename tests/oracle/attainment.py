"""Expected results and task statuses from the sources' records.

The oracle of tests/indicators computes the results; the readers of this folder give it values and variants.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from tests.indicators.oracle import Metric, Parts, Report, Result, Scenario, Span, Variant, compute_expected
from tests.indicators.pace_oracle import Past
from tests.oracle.plan import PLAN_YEAR, PlanVariant, read_tasks, read_variants
from tests.oracle.province import ROOT, agencies_on
from tests.oracle.returns import Returns
from tests.oracle.source import MetricValue, Source


class ResultKey(NamedTuple):
    """The key of a row of mart.indicator_attainment."""

    as_of_date: date
    plan_year: int
    indicator: str
    variant: str
    agency: str


@dataclass(frozen=True)
class Row:
    """The compared columns of mart.indicator_attainment."""

    numerator: Fraction | None
    denominator: Fraction | None
    value: Fraction | None
    comparator: str | None
    target: Fraction | None
    status: str
    pace_target: Fraction | None
    pace_status: str
    coverage: Fraction | None
    data_date: date | None
    is_stale: bool
    flags: frozenset[str]


@dataclass(frozen=True)
class YearScenario(Scenario):
    """A scenario whose members of an indicator are those that the oracle's reader of the plan finds."""

    def members(self, variant: Variant, day: date) -> list[str]:
        """The agencies that are counted on ``day``."""
        return sorted(find_plan_variant(variant).counted(day))


def find_plan_variant(variant: Variant) -> PlanVariant:
    """The plan's own variant of the same code and name."""
    return next(
        planned for planned in read_variants() if (planned.code, planned.variant) == (variant.number, variant.variant)
    )


def compute_results(sources: Mapping[str, Source], days: Iterable[date]) -> dict[ResultKey, Row]:
    """Every result of ``days``; a source that isn't in ``sources`` has no value.

    ``days`` are in order, and are all days that were computed: an earlier year gives the pace of the next.
    """
    variants = [to_variant(planned, sources.get(planned.source)) for planned in read_variants()]
    rows: dict[ResultKey, Row] = {}
    for day in days:
        agencies = {code: Span(day) for code in agencies_on(day) if code != ROOT}
        for (*_, code, name, agency), result in compute_expected(
            YearScenario(agencies, {}, tuple(variants)), day
        ).items():
            rows[ResultKey(day, PLAN_YEAR, code, name, agency)] = to_row(result)
        variants = [add_history(variant, day, rows) for variant in variants]
    return rows


def to_variant(planned: PlanVariant, source: Source | None) -> Variant:
    """A variant of the plan with all reports of its source."""
    values = source.list_values(planned.metric) if source else ()
    reports = tuple(to_report(agency, year, value) for agency, year, value in values)
    return Variant(
        number=planned.code,  # type: ignore[arg-type]
        variant=planned.variant,
        plan_year=PLAN_YEAR,
        comparator=planned.target.comparator,
        target=to_decimal(planned.target.target),
        is_share=planned.is_share,
        may_exceed_100=planned.may_exceed_100,
        is_target_reported=planned.is_target_reported,
        judged=planned.judged,
        closes_on=planned.closes_on,
        published_on=planned.published_on,
        is_budget_year=planned.period == "budget_year",
        roll_up=planned.roll_up,
        reported_for="province" if planned.is_province_alone else "agencies",
        set_name=planned.set_code,
        is_set_complete=planned.is_set_complete,
        is_shown=planned.is_shown,
        metric=Metric(source is not None and source.is_increment, reports),
    )


def to_report(agency: str, year: int, value: MetricValue) -> Report:
    """A value of an agency as a report."""
    parts = Parts(to_decimal(value.numerator), to_decimal(value.denominator))
    return Report(agency, year, value.data_date, parts, value.fresh_until, value.flags)


def to_decimal(number: Fraction | None) -> Decimal | None:
    """The same number, exactly; every reported number has few decimals."""
    if number is None:
        return None
    decimal = Decimal(number.numerator) / Decimal(number.denominator)
    assert Fraction(decimal) == number
    return decimal


def add_history(variant: Variant, day: date, rows: Mapping[ResultKey, Row]) -> Variant:
    """The variant with the province's result of ``day`` in its history."""
    row = rows[ResultKey(day, PLAN_YEAR, str(variant.number), variant.variant, ROOT)]
    past = Past(day, PLAN_YEAR, row.status, number=row.value)  # type: ignore[arg-type]
    return replace(variant, history=(*variant.history, past))


def to_row(result: Result) -> Row:
    """The result without its gap."""
    return Row(**{column: getattr(result, column) for column in Row.__annotations__})


class TaskRow(NamedTuple):
    """The compared columns of mart.task_status."""

    status: str
    due_on: date | None
    done_on: date | None
    is_overdue: bool
    is_due_soon: bool
    evidence: str | None


def compute_tasks(returns: Returns, days: Iterable[date]) -> dict[tuple[date, str, str], TaskRow]:
    """The status of each task by day, task and agency: agencies that answer for it, and those that reported it."""
    tasks, due_soon_days = read_tasks()
    rows = {}
    for day in days:
        reports = returns.find_task_reports(day)
        answering = {(task.code, agency) for task in tasks.values() for agency in task.answering(day)}
        for code, agency in answering | {key for key in reports if key[1] in agencies_on(day)}:
            report, due_on = reports.get((code, agency)), tasks[code].due_on
            status = report.status if report else "no_data"
            is_open = due_on is not None and status not in ("done", "not_applicable")
            rows[day, code, agency] = TaskRow(
                status=status,
                due_on=due_on,
                done_on=report.done_on if report else None,
                is_overdue=is_open and due_on < day,
                is_due_soon=is_open and day <= due_on <= day + timedelta(days=due_soon_days),
                evidence=report.evidence if report else None,
            )
    return rows
