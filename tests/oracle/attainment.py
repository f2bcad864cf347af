"""Expected results and task statuses from the sources' records: results by the oracle of tests/indicators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from tests.indicators.oracle import Metric, Parts, Report, Result, Scenario, Span, Variant, compute_expected
from tests.indicators.pace_oracle import Past
from tests.oracle.figure import Figure, Source
from tests.oracle.plan import PLAN_YEAR, Reading, read_readings, read_tasks
from tests.oracle.province import ROOT, agencies_on
from tests.oracle.returns import Returns


class Cell(NamedTuple):
    """The key of a row of mart.indicator_attainment."""

    as_of_date: date
    plan_year: int
    indicator: str
    variant: str
    agency: str


@dataclass(frozen=True)
class Row:
    """The columns of mart.indicator_attainment that the rulings decide."""

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
    """A day of the plan year; the members of an indicator are those that the plan's own reader finds."""

    def members(self, variant: Variant, day: date) -> list[str]:
        """The agencies that are counted on ``day``."""
        return sorted(find_reading(variant).counted(day))


def find_reading(variant: Variant) -> Reading:
    """The reading of the plan that a variant stands for."""
    return next(
        reading for reading in read_readings() if (reading.code, reading.variant) == (variant.number, variant.variant)
    )


def reckon(sources: Mapping[str, Source], days: Iterable[date]) -> dict[Cell, Row]:
    """Every row of ``days``, which are in order; a source that isn't in ``sources`` has no figure.

    ``days`` are all that were computed, for an earlier year gives the pace of the next.
    """
    variants = [to_variant(reading, sources.get(reading.source)) for reading in read_readings()]
    rows: dict[Cell, Row] = {}
    for day in days:
        on_map = {code: Span(day) for code in agencies_on(day) if code != ROOT}
        for (*_, code, name, agency), result in compute_expected(
            YearScenario(on_map, {}, tuple(variants)), day
        ).items():
            rows[Cell(day, PLAN_YEAR, code, name, agency)] = to_row(result)
        variants = [add_history(variant, day, rows) for variant in variants]
    return rows


def to_variant(reading: Reading, source: Source | None) -> Variant:
    """A reading of the plan, with all that the source reports."""
    figures = source.list_figures(reading.metric) if source else ()
    reports = tuple(to_report(agency, year, figure) for agency, year, figure in figures)
    return Variant(
        number=reading.code,  # type: ignore[arg-type]
        variant=reading.variant,
        plan_year=PLAN_YEAR,
        comparator=reading.told.comparator,
        target=to_decimal(reading.told.target),
        is_share=reading.is_share,
        may_exceed_100=reading.may_exceed_100,
        is_target_reported=reading.is_target_reported,
        judged=reading.judged,
        closes_on=reading.closes_on,
        published_on=reading.published_on,
        is_budget_year=reading.period == "budget_year",
        roll_up=reading.roll_up,
        reported_for="province" if reading.is_province_alone else "agencies",
        set_name=reading.set_code,
        is_set_complete=reading.is_set_complete,
        is_shown=reading.is_shown,
        metric=Metric(source is not None and source.is_increment, reports),
    )


def to_report(agency: str, year: int, figure: Figure) -> Report:
    """A figure of an agency as a report."""
    parts = Parts(to_decimal(figure.numerator), to_decimal(figure.denominator))
    return Report(agency, year, figure.data_date, parts, figure.fresh_until, figure.flags)


def to_decimal(number: Fraction | None) -> Decimal | None:
    """The same number, exactly: all that is reported has few decimals."""
    if number is None:
        return None
    decimal = Decimal(number.numerator) / Decimal(number.denominator)
    assert Fraction(decimal) == number
    return decimal


def add_history(variant: Variant, day: date, rows: Mapping[Cell, Row]) -> Variant:
    """The variant with the province's result of ``day`` in its history."""
    row = rows[Cell(day, PLAN_YEAR, str(variant.number), variant.variant, ROOT)]
    past = Past(day, PLAN_YEAR, row.status, number=row.value)  # type: ignore[arg-type]
    return replace(variant, history=(*variant.history, past))


def to_row(result: Result) -> Row:
    """The result without its gap."""
    return Row(**{column: getattr(result, column) for column in Row.__annotations__})


class Standing(NamedTuple):
    """What is decided of a row of mart.task_status."""

    status: str
    due_on: date | None
    done_on: date | None
    is_overdue: bool
    is_due_soon: bool
    evidence: str | None


def reckon_tasks(returns: Returns, days: Iterable[date]) -> dict[tuple[date, str, str], Standing]:
    """A row for each task and each agency that answers for it or reported it, on each of ``days`` of the plan year."""
    tasks, due_soon_days = read_tasks()
    rows = {}
    for day in days:
        reports = returns.find_reports(day)
        answering = {(task.code, agency) for task in tasks.values() for agency in task.answering(day)}
        on_map = agencies_on(day)
        for code, agency in answering | {cell for cell in reports if cell[1] in on_map}:
            report, due_on = reports.get((code, agency)), tasks[code].due_on
            status = report.status if report else "no_data"
            is_open = due_on is not None and status not in ("done", "not_applicable")
            rows[day, code, agency] = Standing(
                status=status,
                due_on=due_on,
                done_on=report.done_on if report else None,
                is_overdue=is_open and due_on < day,
                is_due_soon=is_open and day <= due_on <= day + timedelta(days=due_soon_days),
                evidence=report.evidence if report else None,
            )
    return rows
