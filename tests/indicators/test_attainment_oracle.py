"""include/sql/attainment against oracle.py on generated plans, agencies and values around the end of a year."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cchc.indicators.attainment import ATTAINMENT
from cchc.warehouse.connection import run_file
from tests.indicators.oracle import (
    COMPARATORS,
    ROOT,
    Key,
    Metric,
    Parts,
    Report,
    Result,
    Scenario,
    Span,
    Variant,
    compute_expected,
    to_fraction,
)
from tests.indicators.pace_oracle import Past, move

FIRST, LAST = date(2024, 12, 27), date(2025, 1, 4)
DAYS = [FIRST + timedelta(offset) for offset in range(-2, (LAST - FIRST).days + 1)]
PAST_DAYS = [
    *(date(2022, 12, day) for day in (27, 31)),
    *(date(2023, 1, day) for day in (1, 2, 4, 31)),
    *(date(2023, 12, day) for day in (26, 28, 31)),
    *(date(2024, 1, day) for day in (1, 2, 3, 31)),
]
AGENCIES = ["H58.31", "H58.32", "H58.33"]
LOAD = UUID(int=1)

# Twelve digits of a value are compared; the comparison with the target knows no rounding at all.
PRECISION = Fraction(1, 10**12)


@st.composite
def shares(draw: st.DrawFn, target: Decimal) -> Parts:
    """Shares near the target and far from it, possible and impossible; now and then only a half of one."""
    denominator = Decimal(draw(st.sampled_from([0, 1, 3, 7, 1000, 597918, 10**9, -5])))
    nudge = Decimal(draw(st.sampled_from([0, 0, 1, -1]))) / draw(st.sampled_from([1, 1000, 10**9]))
    near = target * denominator / 100 + nudge
    numerator = draw(st.sampled_from([near, near, denominator, Decimal(0), Decimal(-2), Decimal(17)]))
    return Parts(numerator, draw(st.sampled_from([denominator, denominator, denominator, None])))


def parts_reported(variant: Variant, target: Decimal) -> st.SearchStrategy[Parts]:
    """Parts that a source may report for ``variant``."""
    if variant.roll_up == "share_of_agencies":
        return st.sampled_from([Parts(Decimal(0), Decimal(1)), Parts(Decimal(1), Decimal(1))])
    if variant.is_share:
        ratios = st.sampled_from([target, target - 1, Decimal(0), Decimal("100.01"), Decimal(-1)])
        only_ratio = ratios.map(lambda ratio: Parts(ratio=ratio))
        can_be_ratio = variant.roll_up == "own" and not variant.metric.is_increment
        return st.one_of(shares(target), shares(target), only_ratio) if can_be_ratio else shares(target)
    counts = st.sampled_from([target, target + 1, target - 1, Decimal(0), Decimal("1e9")])
    return st.builds(Parts, counts, st.one_of(st.none(), counts) if variant.is_target_reported else st.none())


@st.composite
def metrics(draw: st.DrawFn, variant: Variant, target: Decimal) -> Metric:
    """Reports of some days on the province and some agencies, for the day's year or, in January, the year before."""
    reports = {}
    for day, agency in draw(st.lists(st.tuples(st.sampled_from(DAYS), st.sampled_from([ROOT, *AGENCIES])), max_size=8)):
        report = Report(
            agency,
            draw(st.sampled_from([2024, day.year])),
            day,
            draw(parts_reported(variant, target)),
            day + timedelta(draw(st.integers(0, 3))),
            frozenset(draw(st.sets(st.sampled_from(["coerced", "fell", "no_evidence"]), max_size=2))),
        )
        reports[report.agency, report.year, report.day] = report
    return Metric(variant.metric.is_increment, tuple(reports.values()))


@st.composite
def histories(draw: st.DrawFn, variant: Variant) -> tuple[Past, ...]:
    """The province's results of earlier years; in January the last budget year has one beside the new one."""
    rows = {}
    for day in draw(st.lists(st.sampled_from(PAST_DAYS), max_size=8)):
        plan_year = day.year
        if variant.is_budget_year and day.month == 1:
            plan_year = draw(st.sampled_from([day.year - 1, day.year - 1, day.year, day.year - 3]))
        parts = [Decimal(draw(st.sampled_from([0, 1, 2, 3]))), Decimal(3)]
        number = draw(st.sampled_from([Decimal(0), Decimal(40), Decimal("66.5"), Decimal(80), None]))
        status = draw(st.sampled_from(["pending", "pending", "missed", "attained", "invalid", "not_applicable"]))
        share = {"numerator": parts[0], "denominator": parts[1]} if variant.is_share and draw(st.booleans()) else {}
        rows[day, plan_year] = Past(day, plan_year, status, **(share or {"number": number}))
    return tuple(rows.values())


@st.composite
def indicators_of_plans(draw: st.DrawFn, number: int, plan_years: list[int]) -> list[Variant]:
    """One indicator in each of the plans: its primary variant, for some shares also the one that counts agencies."""
    is_share = draw(st.integers(0, 4)) > 0
    roll_up = draw(st.sampled_from(["own", "pooled", "share_of_agencies"] if is_share else ["own", "pooled"]))
    target = draw(st.sampled_from([Decimal(100), Decimal(90), Decimal("80.25"), Decimal("33.3333"), Decimal(0)]))
    judged = draw(st.sampled_from(["as_reported", "year_end", "yearly_survey"]))
    set_name = draw(st.sampled_from([None, "a", "b"]))
    is_budget_year = draw(st.booleans())
    closings = [date(2025, 1, 2), date(2025, 1, 31), *([] if is_budget_year else [date(2024, 12, 31)] * 3)]
    steps = draw(st.lists(st.sampled_from([date(2024, 2, 29), date(2024, 12, 28), date(2024, 12, 30)]), unique=True))
    primary = Variant(
        number=number,
        variant="primary",
        plan_year=plan_years[0],
        comparator=draw(st.sampled_from([*COMPARATORS, *COMPARATORS, None])),
        target=None if draw(st.integers(0, 9)) == 0 else target,
        is_share=is_share,
        may_exceed_100=is_share and draw(st.booleans()),
        is_target_reported=not is_share and roll_up == "own" and draw(st.booleans()),
        judged=judged,
        closes_on=draw(st.sampled_from(closings)),
        published_on=draw(st.sampled_from([None, *DAYS])) if judged == "yearly_survey" else None,
        is_budget_year=is_budget_year,
        roll_up=roll_up,
        reported_for=draw(st.sampled_from(["agencies", "agencies", "province"])),
        set_name=set_name,
        is_set_complete=draw(st.booleans()),
        is_shown=set_name is None or draw(st.booleans()),
        metric=Metric(is_increment=draw(st.booleans()) and roll_up != "share_of_agencies", reports=()),
        milestones=tuple((day, target * place / 4) for place, day in enumerate(sorted(steps), start=1)),
    )
    primary = replace(primary, metric=draw(metrics(primary, target)), history=draw(histories(primary)))
    variants = [primary]
    if is_share and roll_up != "share_of_agencies" and draw(st.booleans()):
        goal = draw(st.sampled_from([Decimal(100), Decimal(50)]))
        variants.append(
            replace(
                primary,
                variant="each_agency",
                roll_up="agencies_attaining",
                comparator="=",
                target=goal,
                milestones=(),
                history=draw(histories(primary)),
            )
        )
    if 2025 in plan_years:
        year_later = {"plan_year": 2025, "milestones": ()}
        variants += [replace(variant, **year_later, closes_on=move(variant.closes_on, 1)) for variant in variants]
    return variants


@st.composite
def spans(draw: st.DrawFn) -> Span:
    """Spans that begin long ago or recently, and end soon or never."""
    first = draw(st.sampled_from([date(2024, 1, 1), date(2024, 1, 1), date(2024, 12, 30)]))
    return Span(first, draw(st.sampled_from([None, None, date(2024, 12, 31), date(2025, 1, 2)])))


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Agencies that come and go, sets that they join and leave, a plan or two."""
    agencies = draw(st.dictionaries(st.sampled_from(AGENCIES), spans()))
    sets = {name: draw(st.dictionaries(st.sampled_from(AGENCIES), spans())) for name in ("a", "b")}
    plan_years = draw(st.sampled_from([[2024], [2024, 2025]]))
    count = draw(st.integers(10, 20))
    variants = [variant for number in range(count) for variant in draw(indicators_of_plans(number, plan_years))]
    return Scenario(agencies, sets, tuple(variants))


@pytest.fixture
def connection(warehouse: Any) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse.url("cchc_loader")) as opened:
        yield opened


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scenarios())
def test_results_are_as_the_rulings_require(connection: psycopg.Connection, scenario: Scenario) -> None:
    with connection.transaction(force_rollback=True):
        store(connection, scenario)
        found = compute(connection)
    expected = {key: row for day in DAYS if day >= FIRST for key, row in compute_expected(scenario, day).items()}
    assert set(found) == set(expected)
    for key, result in expected.items():
        for field in fields(Result):
            computed, required = getattr(found[key], field.name), getattr(result, field.name)
            message = f"{key}: {field.name} is {computed}, by the rulings {required}\n{found[key]}\n{result}"
            assert is_same(computed, required), message


def is_same(found: Any, expected: Any) -> bool:
    """Equal; fractions to twelve digits."""
    if isinstance(found, Fraction) and isinstance(expected, Fraction):
        return abs(found - expected) <= PRECISION * (1 + abs(expected))
    return bool(found == expected)


def store(connection: psycopg.Connection, scenario: Scenario) -> None:
    """Write the scenario into the warehouse."""
    connection.execute(
        "insert into ops.load (load_id, source, entity, window_start, window_end, status, run_id, started_at)"
        " values (%s, 'any', 'any', '2024-01-01', '2024-12-31', 'published', 'test', now())",
        [LOAD],
    )
    agencies = "core.agency_catalog (agency_code, valid_from, valid_to, name_vi, level, is_synthetic_code)"
    copy(
        connection, agencies, [(code, s.first, s.end, code, "district", True) for code, s in scenario.agencies.items()]
    )
    members = [(name, code, s.first, s.end) for name, spans in scenario.sets.items() for code, s in spans.items()]
    copy(connection, "core.agency_set_member (set_code, agency_code, valid_from, valid_to)", members)
    indicators = (
        "mart.indicator (province_code, plan_year, indicator_code, variant, valid_from, ordinal, clause, wording_vi,"
        " name_vi, short_name_vi, unit_vi, counts, is_aspirational, source, lead_agency_vi, legal_basis_vi, metric,"
        " comparator, target, is_share, may_exceed_100, is_target_reported, judged, closes_on, published_on,"
        " reported_for, roll_up, period, set_code, set_is_complete, levels, milestone_days, milestone_values)"
    )
    copy(connection, indicators, [indicator_row(variant) for variant in scenario.variants])
    past = (
        "mart.indicator_attainment (as_of_date, plan_year, figure_year, indicator_code, variant, agency_code,"
        " numerator, denominator, value, status, is_stale, quality_flags, run_id, computed_at)"
    )
    newest = {(variant.number, variant.variant): variant for variant in scenario.variants}
    copy(connection, past, [row for variant in newest.values() for row in past_rows(variant)])
    connection.execute(
        "update mart.indicator_attainment set value = numerator * 100 / denominator where denominator is not null"
    )
    measures = (
        "mart.measure (day, period, measure_code, agency_code, figure_year, is_increment, value, data_date,"
        " fresh_until, quality_flags, load_id)"
    )
    metrics_by_number = {variant.number: variant.metric for variant in scenario.variants}
    copy(
        connection,
        measures,
        [row for number, metric in metrics_by_number.items() for row in measure_rows(number, metric)],
    )


def indicator_row(variant: Variant) -> tuple[Any, ...]:
    """A row of mart.indicator."""
    period = "budget_year" if variant.is_budget_year else "year_to_date"
    is_complete = None if variant.set_name is None else variant.is_set_complete
    levels = ["province", "district"] if variant.is_shown else ["province"]
    return (
        *(ROOT, variant.plan_year, str(variant.number), variant.variant, date(variant.plan_year, 1, 1), 1),
        *([""] * 5),
        *("whole", False, "any", "", "", f"any.{variant.number}", variant.comparator, variant.target, variant.is_share),
        *(variant.may_exceed_100, variant.is_target_reported, variant.judged, variant.closes_on, variant.published_on),
        *(variant.reported_for, variant.roll_up, period, variant.set_name, is_complete, levels),
        *([day for day, _ in variant.milestones], [value for _, value in variant.milestones]),
    )


def past_rows(variant: Variant) -> Iterator[tuple[Any, ...]]:
    """The rows of mart.indicator_attainment of earlier years."""
    for past in variant.history:
        yield (
            *(past.day, past.plan_year, figure_year_of(variant, past), str(variant.number), variant.variant, ROOT),
            *(past.numerator, past.denominator, past.number, past.status, False, [], "earlier", past.day),
        )


def figure_year_of(variant: Variant, past: Past) -> int:
    """The year whose values a row of an earlier year holds."""
    closes_on = move(variant.closes_on, past.plan_year - variant.plan_year)
    return past.plan_year if variant.is_budget_year and past.day <= closes_on else past.day.year


def measure_rows(number: int, metric: Metric) -> Iterator[tuple[Any, ...]]:
    """The rows of mart.measure of one metric."""
    for report in metric.reports:
        for part, value in vars(report.parts).items():
            if value is not None:
                yield (
                    *(
                        report.day,
                        "ytd",
                        f"any.{number}.{part}",
                        report.agency,
                        report.year,
                        metric.is_increment,
                        value,
                    ),
                    *(report.day, report.fresh_until, sorted(report.flags), LOAD),
                )


def copy(connection: psycopg.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    """COPY rows into ``table``, which names its columns."""
    with connection.cursor().copy(f"copy {table} from stdin".encode()) as stream:
        for row in rows:
            stream.write_row(row)


def compute(connection: psycopg.Connection) -> dict[Key, Result]:
    """The results of the SQL."""
    parameters = {"province": ROOT, "first_day": FIRST, "last_day": LAST, "run_id": "test"}
    for file in ATTAINMENT:
        run_file(connection, file, parameters)
    rows = connection.execute(
        "select as_of_date, plan_year, indicator_code::int, variant, agency_code, status, numerator, denominator,"
        " value, comparator, target, gap, pace_target, pace_status, data_date, is_stale, quality_flags, coverage"
        " from mart.indicator_attainment where as_of_date >= %s",
        [FIRST],
    ).fetchall()
    return {
        (day, year, number, variant, agency): to_result(values) for day, year, number, variant, agency, *values in rows
    }


def to_result(columns: list[Any]) -> Result:
    """A row of the table with its numbers as fractions."""
    values: list[Any] = [to_fraction(item) if isinstance(item, Decimal) else item for item in columns]
    values[-2] = frozenset(values[-2])
    return Result(*values)
