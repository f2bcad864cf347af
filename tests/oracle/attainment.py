"""mart.indicator_attainment and mart.task_status reckoned a second time: the rulings in exact fractions."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from tests.oracle.figure import DailySource, Figure, Source, add_up
from tests.oracle.pace import Curve, choose_pace_status, find_pace, move
from tests.oracle.plan import PLAN_YEAR, Reading, Target, read_readings, read_tasks
from tests.oracle.province import ROOT, agencies_on
from tests.oracle.returns import Returns

COMPARATORS: dict[str, Callable[[Fraction, Fraction], bool]] = {">=": operator.ge, ">": operator.gt, "=": operator.eq}


class Cell(NamedTuple):
    """The key of a row of mart.indicator_attainment."""

    as_of_date: date
    plan_year: int
    indicator: str
    variant: str
    agency: str


@dataclass(frozen=True)
class Row:
    """What the rulings decide of a row."""

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


class Measured(NamedTuple):
    """A row's figure, and the share of its population that reported in time; None where the province stands alone."""

    figure: Figure | None
    coverage: Fraction | None


def reckon(sources: Mapping[str, Source], days: Iterable[date]) -> dict[Cell, Row]:
    """Every row of every reading on each of ``days``, in order; a source that isn't in ``sources`` has no figure.

    ``days`` are all that were attained, for an earlier year gives the pace of the next.
    """
    rows = {}
    for reading in read_readings():
        curves: dict[int, dict[date, Fraction]] = {}
        for day in days:
            year = find_year(reading, day)
            for agency, measured in measure(reading, sources.get(reading.source), day):
                row = judge(reading, measured, day, curves.get(year - 1, {}))
                rows[Cell(day, PLAN_YEAR, reading.code, reading.variant, agency)] = row
                if agency == ROOT and row.value is not None and row.status != "invalid":
                    curves.setdefault(year, {})[day] = row.value
    return rows


def find_year(reading: Reading, day: date) -> int:
    """Whose year's figures a row of ``day`` has: a budget year stays open until the end of the next January."""
    return PLAN_YEAR if reading.period == "budget_year" and day <= reading.closes_on else day.year


def measure(reading: Reading, source: Source | None, day: date) -> Iterator[tuple[str, Measured]]:
    """The province's figure and that of each agency which has a row."""
    year, counted = find_year(reading, day), reading.counted(day)
    own = {
        agency: figure
        for agency in (counted | {ROOT} if source else ())
        if (figure := source.find(reading.metric, agency, year, day)) is not None
    }
    fresh = {agency for agency, figure in own.items() if day <= figure.fresh_until}
    figure, coverage = own.get(ROOT), share(fresh & counted, counted)
    told = {agency: figure for agency, figure in own.items() if agency in counted}
    if reading.roll_up == "pooled":
        figure = source.pool(reading.metric, reading.counted, year, day) if isinstance(source, DailySource) else None
    elif reading.roll_up == "agencies_attaining":
        figure = count_attaining(reading, told, counted, day, is_complete=coverage == 1)
    elif reading.roll_up == "share_of_agencies":
        figure = count_yes(figure, told, counted, is_complete=coverage == 1)
    yield ROOT, Measured(figure, None if reading.is_province_alone else coverage)
    for agency in reading.shown(day):
        yield agency, Measured(own.get(agency), None if reading.is_province_alone else Fraction(agency in fresh))


def share(part: set[str] | frozenset[str], whole: frozenset[str]) -> Fraction | None:
    """None of nothing."""
    return Fraction(len(part), len(whole)) if whole else None


def count_yes(
    led: Figure | None, told: Mapping[str, Figure], counted: frozenset[str], *, is_complete: bool
) -> Figure | None:
    """Agencies that say yes of all of the day; the lead agency's row for the province comes first."""
    if led:
        return led._replace(flags=led.flags | {"sent_by_lead"})
    if not told:
        return None
    count = add_up(told.values())
    return count._replace(denominator=Fraction(len(counted)), flags=count.flags | flag_partial(is_complete=is_complete))


def flag_partial(*, is_complete: bool) -> set[str]:
    """Of a share of agencies that didn't all report in time."""
    return set() if is_complete else {"partial"}


def count_attaining(
    reading: Reading, told: Mapping[str, Figure], counted: frozenset[str], day: date, *, is_complete: bool
) -> Figure | None:
    """Agencies that attain the primary reading's target of all of the day but those to which it doesn't apply."""
    statuses = [choose_status(reading, figure, divide(figure), reading.primary, day) for figure in told.values()]
    applies = len(counted) - statuses.count("not_applicable")
    if not told or (applies and set(statuses) == {"not_applicable"}):
        return None
    count = add_up(told.values())
    return count._replace(
        numerator=Fraction(statuses.count("attained")),
        denominator=Fraction(applies),
        flags=count.flags | flag_partial(is_complete=is_complete),
    )


def divide(figure: Figure) -> Fraction | None:
    """Percent; None of nothing."""
    return figure.numerator * 100 / figure.denominator if figure.denominator else None


def attains(value: Fraction, target: Target) -> bool:
    """Compared exactly."""
    assert target.comparator is not None
    assert target.target is not None
    return COMPARATORS[target.comparator](value, target.target)


def judge(reading: Reading, measured: Measured, day: date, last_year: Curve) -> Row:
    """The row; without a figure there is neither value nor date, and nothing can be stale."""
    figure, coverage = measured
    told = reading.told
    if reading.is_target_reported and figure:
        told = Target(told.comparator, figure.denominator)
    value = None if not figure else divide(figure) if reading.is_share else figure.numerator
    flags = figure.flags if figure else frozenset()
    year = find_year(reading, day)
    status = choose_status(reading, figure, value, told, day)
    pace = find_pace(reading, told.target, day, year, last_year)
    if year != PLAN_YEAR:
        flags |= {"plan_of_other_year"}
    if value is not None and value > 100 and reading.may_exceed_100 and status != "invalid":
        flags |= {"over_100"}
    return Row(
        numerator=figure.numerator if figure else None,
        denominator=figure.denominator if figure else None,
        value=value,
        comparator=told.comparator,
        target=told.target,
        status=status,
        pace_target=pace,
        pace_status=choose_pace_status(status, value, pace),
        coverage=coverage,
        data_date=figure.data_date if figure else None,
        is_stale=figure is not None and day > figure.fresh_until,
        flags=flags,
    )


def choose_status(reading: Reading, figure: Figure | None, value: Fraction | None, told: Target, day: date) -> str:
    """The first that holds."""
    if reading.is_unpopulated(day) or (figure and reading.is_share and figure.denominator == 0):
        return "not_applicable"
    if value is None and reading.judged == "yearly_survey" and day < expect_survey(reading, find_year(reading, day)):
        return "pending"
    if figure is None or value is None or told.target is None:
        return "no_data"
    is_over = reading.is_share and value > 100 and not reading.may_exceed_100
    if is_over or min(figure.numerator, figure.denominator or 0) < 0:
        return "invalid"
    if attains(value, told):
        return "attained"
    return "pending" if reading.judged == "year_end" and day < reading.closes_on else "missed"


def expect_survey(reading: Reading, year: int) -> date:
    """When the survey of ``year`` is published: the plan names the day of its own year's."""
    return move(reading.published_on, year - PLAN_YEAR) if reading.published_on else date.min


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
