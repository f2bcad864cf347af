"""attain.sql against oracle.py on generated plans, agencies and figures around the end of a year."""

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
    Figure,
    Key,
    Metric,
    Reading,
    Row,
    Span,
    Telling,
    World,
    reckon,
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

# Twelve digits of a value are told exactly; the comparison with the target knows no rounding at all.
PRECISION = Fraction(1, 10**12)


@st.composite
def shares(draw: st.DrawFn, target: Decimal) -> Figure:
    """Shares near the target and far from it, possible and impossible; now and then only a half of one."""
    denominator = Decimal(draw(st.sampled_from([0, 1, 3, 7, 1000, 597918, 10**9, -5])))
    nudge = Decimal(draw(st.sampled_from([0, 0, 1, -1]))) / draw(st.sampled_from([1, 1000, 10**9]))
    near = target * denominator / 100 + nudge
    numerator = draw(st.sampled_from([near, near, denominator, Decimal(0), Decimal(-2), Decimal(17)]))
    return Figure(numerator, draw(st.sampled_from([denominator, denominator, denominator, None])))


def figures(reading: Reading, target: Decimal) -> st.SearchStrategy[Figure]:
    """What a source may tell of ``reading``."""
    if reading.roll_up == "share_of_agencies":
        return st.sampled_from([Figure(Decimal(0), Decimal(1)), Figure(Decimal(1), Decimal(1))])
    if reading.is_share:
        ratios = st.sampled_from([target, target - 1, Decimal(0), Decimal("100.01"), Decimal(-1)])
        only_ratio = ratios.map(lambda ratio: Figure(ratio=ratio))
        can_be_ratio = reading.roll_up == "own" and not reading.metric.is_increment
        return st.one_of(shares(target), shares(target), only_ratio) if can_be_ratio else shares(target)
    counts = st.sampled_from([target, target + 1, target - 1, Decimal(0), Decimal("1e9")])
    return st.builds(Figure, counts, st.one_of(st.none(), counts) if reading.is_target_reported else st.none())


@st.composite
def metrics(draw: st.DrawFn, reading: Reading, target: Decimal) -> Metric:
    """Tellings of some days by the province and some agencies, of the day's year or, in January, of the year before."""
    told = {}
    for day, agency in draw(st.lists(st.tuples(st.sampled_from(DAYS), st.sampled_from([ROOT, *AGENCIES])), max_size=8)):
        telling = Telling(
            agency,
            draw(st.sampled_from([2024, day.year])),
            day,
            draw(figures(reading, target)),
            day + timedelta(draw(st.integers(0, 3))),
            frozenset(draw(st.sets(st.sampled_from(["coerced", "fell", "no_evidence"]), max_size=2))),
        )
        told[telling.agency, telling.year, telling.day] = telling
    return Metric(reading.metric.is_increment, tuple(told.values()))


@st.composite
def pasts(draw: st.DrawFn, reading: Reading) -> tuple[Past, ...]:
    """The province's rows of earlier years; in January the budget year before is told beside the new one."""
    rows = {}
    for day in draw(st.lists(st.sampled_from(PAST_DAYS), max_size=8)):
        plan_year = day.year
        if reading.is_budget_year and day.month == 1:
            plan_year = draw(st.sampled_from([day.year - 1, day.year - 1, day.year, day.year - 3]))
        parts = [Decimal(draw(st.sampled_from([0, 1, 2, 3]))), Decimal(3)]
        number = draw(st.sampled_from([Decimal(0), Decimal(40), Decimal("66.5"), Decimal(80), None]))
        status = draw(st.sampled_from(["pending", "pending", "missed", "attained", "invalid", "not_applicable"]))
        said = {"numerator": parts[0], "denominator": parts[1]} if reading.is_share and draw(st.booleans()) else {}
        rows[day, plan_year] = Past(day, plan_year, status, **(said or {"number": number}))
    return tuple(rows.values())


@st.composite
def entries(draw: st.DrawFn, number: int, plan_years: list[int]) -> list[Reading]:
    """One entry in each of the plans: its primary reading, for some shares also the one that counts agencies."""
    is_share = draw(st.integers(0, 4)) > 0
    roll_up = draw(st.sampled_from(["own", "pooled", "share_of_agencies"] if is_share else ["own", "pooled"]))
    target = draw(st.sampled_from([Decimal(100), Decimal(90), Decimal("80.25"), Decimal("33.3333"), Decimal(0)]))
    judged = draw(st.sampled_from(["as_reported", "year_end", "yearly_survey"]))
    set_name = draw(st.sampled_from([None, "a", "b"]))
    is_budget_year = draw(st.booleans())
    closings = [date(2025, 1, 2), date(2025, 1, 31), *([] if is_budget_year else [date(2024, 12, 31)] * 3)]
    steps = draw(st.lists(st.sampled_from([date(2024, 2, 29), date(2024, 12, 28), date(2024, 12, 30)]), unique=True))
    primary = Reading(
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
        metric=Metric(is_increment=draw(st.booleans()) and roll_up != "share_of_agencies", tellings=()),
        milestones=tuple((day, target * place / 4) for place, day in enumerate(sorted(steps), start=1)),
    )
    primary = replace(primary, metric=draw(metrics(primary, target)), history=draw(pasts(primary)))
    readings = [primary]
    if is_share and roll_up != "share_of_agencies" and draw(st.booleans()):
        goal = draw(st.sampled_from([Decimal(100), Decimal(50)]))
        readings.append(
            replace(
                primary,
                variant="each_agency",
                roll_up="agencies_attaining",
                comparator="=",
                target=goal,
                milestones=(),
                history=draw(pasts(primary)),
            )
        )
    if 2025 in plan_years:
        year_later = {"plan_year": 2025, "milestones": ()}
        readings += [replace(reading, **year_later, closes_on=move(reading.closes_on, 1)) for reading in readings]
    return readings


@st.composite
def spans(draw: st.DrawFn) -> Span:
    """Days that begin long ago or lately, and end soon or never."""
    first = draw(st.sampled_from([date(2024, 1, 1), date(2024, 1, 1), date(2024, 12, 30)]))
    return Span(first, draw(st.sampled_from([None, None, date(2024, 12, 31), date(2025, 1, 2)])))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Agencies that come and go, sets that they join and leave, a plan or two."""
    agencies = draw(st.dictionaries(st.sampled_from(AGENCIES), spans()))
    sets = {name: draw(st.dictionaries(st.sampled_from(AGENCIES), spans())) for name in ("a", "b")}
    plan_years = draw(st.sampled_from([[2024], [2024, 2025]]))
    count = draw(st.integers(10, 20))
    readings = [reading for number in range(count) for reading in draw(entries(number, plan_years))]
    return World(agencies, sets, tuple(readings))


@pytest.fixture
def connection(warehouse: Any) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse.url("cchc_loader")) as opened:
        yield opened


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(worlds())
def test_rows_are_as_the_rulings_say(connection: psycopg.Connection, world: World) -> None:
    with connection.transaction(force_rollback=True):
        store(connection, world)
        found = attain(connection)
    expected = {key: row for day in DAYS if day >= FIRST for key, row in reckon(world, day).items()}
    assert set(found) == set(expected)
    for key, row in expected.items():
        for field in fields(Row):
            said, ruled = getattr(found[key], field.name), getattr(row, field.name)
            assert is_same(said, ruled), f"{key}: {field.name} is {said}, by the rulings {ruled}\n{found[key]}\n{row}"


def is_same(found: Any, expected: Any) -> bool:
    """Equal; fractions to twelve digits."""
    if isinstance(found, Fraction) and isinstance(expected, Fraction):
        return abs(found - expected) <= PRECISION * (1 + abs(expected))
    return bool(found == expected)


def store(connection: psycopg.Connection, world: World) -> None:
    """The world as the warehouse has it."""
    connection.execute(
        "insert into ops.load (load_id, source, entity, window_start, window_end, status, run_id, started_at)"
        " values (%s, 'any', 'any', '2024-01-01', '2024-12-31', 'published', 'test', now())",
        [LOAD],
    )
    agencies = "core.agency_catalog (agency_code, valid_from, valid_to, name_vi, level, is_synthetic_code)"
    copy(connection, agencies, [(code, s.first, s.end, code, "district", True) for code, s in world.agencies.items()])
    members = [(name, code, s.first, s.end) for name, spans in world.sets.items() for code, s in spans.items()]
    copy(connection, "core.agency_set_member (set_code, agency_code, valid_from, valid_to)", members)
    indicators = (
        "mart.indicator (province_code, plan_year, indicator_code, variant, valid_from, ordinal, clause, wording_vi,"
        " name_vi, short_name_vi, unit_vi, counts, is_aspirational, source, lead_agency_vi, legal_basis_vi, metric,"
        " comparator, target, is_share, may_exceed_100, is_target_reported, judged, closes_on, published_on,"
        " reported_for, roll_up, period, set_code, set_is_complete, levels, milestone_days, milestone_values)"
    )
    copy(connection, indicators, [indicator_row(reading) for reading in world.readings])
    past = (
        "mart.indicator_attainment (as_of_date, plan_year, figure_year, indicator_code, variant, agency_code, numerator,"
        " denominator, value, status, is_stale, quality_flags, run_id, computed_at)"
    )
    told = {(reading.number, reading.variant): reading for reading in world.readings}
    copy(connection, past, [row for reading in told.values() for row in past_rows(reading)])
    connection.execute(
        "update mart.indicator_attainment set value = numerator * 100 / denominator where denominator is not null"
    )
    measures = (
        "mart.measure (day, period, measure_code, agency_code, figure_year, is_increment, value, data_date,"
        " fresh_until, quality_flags, load_id)"
    )
    metrics_told = {reading.number: reading.metric for reading in world.readings}
    copy(connection, measures, [row for number, metric in metrics_told.items() for row in measure_rows(number, metric)])


def indicator_row(reading: Reading) -> tuple[Any, ...]:
    """A row of mart.indicator."""
    period = "budget_year" if reading.is_budget_year else "year_to_date"
    is_complete = None if reading.set_name is None else reading.is_set_complete
    levels = ["province", "district"] if reading.is_shown else ["province"]
    return (
        *(ROOT, reading.plan_year, str(reading.number), reading.variant, date(reading.plan_year, 1, 1), 1),
        *([""] * 5),
        *("whole", False, "any", "", "", f"any.{reading.number}", reading.comparator, reading.target, reading.is_share),
        *(reading.may_exceed_100, reading.is_target_reported, reading.judged, reading.closes_on, reading.published_on),
        *(reading.reported_for, reading.roll_up, period, reading.set_name, is_complete, levels),
        *([day for day, _ in reading.milestones], [value for _, value in reading.milestones]),
    )


def past_rows(reading: Reading) -> Iterator[tuple[Any, ...]]:
    """The rows of mart.indicator_attainment of earlier years."""
    for past in reading.history:
        yield (
            *(past.day, past.plan_year, figure_year_of(reading, past), str(reading.number), reading.variant, ROOT),
            *(past.numerator, past.denominator, past.number, past.status, False, [], "earlier", past.day),
        )


def figure_year_of(reading: Reading, past: Past) -> int:
    """The year whose values a row of an earlier year holds."""
    closes_on = move(reading.closes_on, past.plan_year - reading.plan_year)
    return past.plan_year if reading.is_budget_year and past.day <= closes_on else past.day.year


def measure_rows(number: int, metric: Metric) -> Iterator[tuple[Any, ...]]:
    """The rows of mart.measure of one metric."""
    for told in metric.tellings:
        for part, value in vars(told.figure).items():
            if value is not None:
                yield (
                    *(told.day, "ytd", f"any.{number}.{part}", told.agency, told.year, metric.is_increment, value),
                    *(told.day, told.fresh_until, sorted(told.flags), LOAD),
                )


def copy(connection: psycopg.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    """COPY rows into ``table``, which names its columns."""
    with connection.cursor().copy(f"copy {table} from stdin".encode()) as stream:
        for row in rows:
            stream.write_row(row)


def attain(connection: psycopg.Connection) -> dict[Key, Row]:
    """What the attainment's SQL says of each cell."""
    parameters = {"province": ROOT, "first_day": FIRST, "last_day": LAST, "run_id": "test"}
    for file in ATTAINMENT:
        run_file(connection, file, parameters)
    rows = connection.execute(
        "select as_of_date, plan_year, indicator_code::int, variant, agency_code, status, numerator, denominator,"
        " value, comparator, target, gap, pace_target, pace_status, data_date, is_stale, quality_flags, coverage"
        " from mart.indicator_attainment where as_of_date >= %s",
        [FIRST],
    ).fetchall()
    return {(day, year, number, variant, agency): to_row(said) for day, year, number, variant, agency, *said in rows}


def to_row(said: list[Any]) -> Row:
    """A row of the table with its numbers as fractions."""
    values: list[Any] = [to_fraction(item) if isinstance(item, Decimal) else item for item in said]
    values[-2] = frozenset(values[-2])
    return Row(*values)
