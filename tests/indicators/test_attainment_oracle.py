"""attain.sql against the rulings written down a second time, in exact fractions and without a line of its SQL."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cchc.warehouse.connection import run_file

YEAR = 2024
FIRST, LAST = date(2024, 12, 27), date(2025, 1, 4)
DAYS = [FIRST + timedelta(offset) for offset in range((LAST - FIRST).days + 1)]
ALLOWED_DELAY_DAYS = {"national_portal": 1}
LOAD = UUID(int=1)

# Twelve digits of a value are told exactly; the comparison with the target knows no rounding at all.
PRECISION = Fraction(1, 10**12)

COMPARATORS: dict[str, Callable[[Fraction, Fraction], bool]] = {">=": operator.ge, ">": operator.gt, "=": operator.eq}


@dataclass(frozen=True)
class Figure:
    """What was measured on a day: both parts or a ratio; a count has its numerator alone."""

    numerator: Decimal | None = None
    denominator: Decimal | None = None
    ratio: Decimal | None = None


@dataclass(frozen=True)
class Entry:
    """An entry of the plan and its figures by day."""

    comparator: str | None
    target: Decimal | None
    is_share: bool
    judged: str
    closes_on: date
    published_on: date | None
    source: str
    figures: dict[date, Figure]


@dataclass(frozen=True)
class Judgement:
    """The columns of a row that the rulings decide."""

    status: str
    value: Fraction | None
    gap: Fraction | None
    data_date: date | None
    is_stale: bool


def judge(entry: Entry, day: date) -> Judgement:
    """The row of ``entry`` on ``day``."""
    known = [data_date for data_date in entry.figures if data_date <= day and data_date.year == day.year]
    data_date = max(known, default=None)
    figure = entry.figures[data_date] if data_date else Figure()
    value, target = measure(entry, figure), to_fraction(entry.target)
    return Judgement(
        status=choose_status(entry, day, figure, value),
        value=value,
        gap=None if value is None or target is None else value - target,
        data_date=data_date,
        is_stale=data_date is not None and (day - data_date).days > ALLOWED_DELAY_DAYS.get(entry.source, 0),
    )


def measure(entry: Entry, figure: Figure) -> Fraction | None:
    """The value, unrounded."""
    if figure.numerator is None:
        return to_fraction(figure.ratio)
    if not entry.is_share:
        return Fraction(figure.numerator)
    return Fraction(figure.numerator) * 100 / Fraction(figure.denominator) if figure.denominator else None


def choose_status(entry: Entry, day: date, figure: Figure, value: Fraction | None) -> str:
    """rulings.md, Status: the first that holds."""
    if entry.is_share and figure.denominator == 0:
        return "not_applicable"
    if value is None or entry.target is None or entry.comparator is None:
        return "no_data"
    parts = [part for part in (figure.numerator, figure.denominator, figure.ratio) if part is not None]
    if min(parts) < 0 or (entry.is_share and value > 100):
        return "invalid"
    if COMPARATORS[entry.comparator](value, Fraction(entry.target)):
        return "attained"
    decided_on = {"year_end": entry.closes_on, "yearly_survey": entry.published_on}.get(entry.judged)
    return "pending" if decided_on and day < decided_on else "missed"


def to_fraction(number: Decimal | None) -> Fraction | None:
    """The same number, exactly."""
    return None if number is None else Fraction(number)


@st.composite
def figures(draw: st.DrawFn, target: Decimal, *, is_share: bool) -> Figure:
    """Figures near the target and far from it, whole and not, possible and impossible."""
    nudge = Decimal(draw(st.sampled_from([0, 0, 1, -1]))) / draw(st.sampled_from([1, 1000, 10**9]))
    if not is_share:
        return Figure(numerator=draw(st.sampled_from([target + nudge, Decimal(0), Decimal(-1), Decimal("1e9")])))
    if draw(st.integers(0, 4)) == 0:
        return Figure(ratio=draw(st.sampled_from([target + nudge, Decimal(0), Decimal(100), Decimal("100.01")])))
    denominator = Decimal(draw(st.sampled_from([0, 1, 3, 7, 1000, 597918, 10**9, -5])))
    near = target * denominator / 100 + nudge
    anywhere = Decimal(draw(st.integers(-2, 10**6)))
    return Figure(draw(st.sampled_from([near, near, anywhere, denominator, Decimal(0)])), denominator)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Entries of a plan, with figures on some of the days."""
    target = draw(st.sampled_from([Decimal(100), Decimal(90), Decimal("80.25"), Decimal("33.3333"), Decimal(0)]))
    is_share = draw(st.integers(0, 4)) > 0
    judged = draw(st.sampled_from(["as_reported", "year_end", "yearly_survey"]))
    return Entry(
        comparator=draw(st.sampled_from([*COMPARATORS, *COMPARATORS, None])),
        target=None if draw(st.integers(0, 9)) == 0 else target,
        is_share=is_share,
        judged=judged,
        closes_on=draw(st.sampled_from([date(2024, 12, 31), date(2025, 1, 31)])),
        published_on=draw(st.sampled_from(DAYS)) if judged == "yearly_survey" else None,
        source=draw(st.sampled_from(["national_portal", "one_stop"])),
        figures=draw(st.dictionaries(st.sampled_from(DAYS), figures(target, is_share=is_share), max_size=4)),
    )


@pytest.fixture
def connection(warehouse: Any) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse.url("cchc_loader")) as opened:
        yield opened


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(entries(), min_size=25, max_size=40))
def test_rows_are_as_the_rulings_say(connection: psycopg.Connection, plan: list[Entry]) -> None:
    with connection.transaction(force_rollback=True):
        store(connection, plan)
        rows = attain(connection)
    assert set(rows) == {(number, day) for number in range(len(plan)) for day in DAYS}
    for (number, day), row in rows.items():
        expected = judge(plan[number], day)
        assert row.status == expected.status, (plan[number], day)
        assert (row.data_date, row.is_stale) == (expected.data_date, expected.is_stale), (plan[number], day)
        assert is_close(row.value, expected.value), (plan[number], day, row.value)
        assert is_close(row.gap, expected.gap), (plan[number], day, row.gap)


def is_close(found: Fraction | None, expected: Fraction | None) -> bool:
    """Equal to twelve digits; nothing is close to nothing only."""
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) <= PRECISION * (1 + abs(expected))


def store(connection: psycopg.Connection, plan: list[Entry]) -> None:
    """The plan and its measures, in one COPY each."""
    connection.execute(
        "insert into ops.load (load_id, source, entity, window_start, window_end, status, run_id, started_at)"
        " values (%s, 'any', 'any', '2024-01-01', '2024-12-31', 'published', 'test', now())",
        [LOAD],
    )
    indicators = (
        "copy mart.indicator (province_code, plan_year, indicator_code, variant, valid_from, ordinal, clause,"
        " wording_vi, name_vi, short_name_vi, unit_vi, is_aspirational, figures_for, period, levels, lead_agency_vi,"
        " legal_basis_vi, metric, comparator, target, is_share, judged, closes_on, published_on, source) from stdin"
    )
    fixed = ("primary", date(YEAR, 1, 1), 1, *[""] * 5, False, "agencies", "year_to_date", ["province"], "", "")
    with connection.cursor().copy(indicators) as copy:
        for number, entry in enumerate(plan):
            said = (entry.comparator, entry.target, entry.is_share, entry.judged, entry.closes_on, entry.published_on)
            copy.write_row(("H58", YEAR, str(number), *fixed, f"any.{number}", *said, entry.source))
    measures = "copy mart.measure (day, period, measure_code, agency_code, value, data_date, load_id) from stdin"
    with connection.cursor().copy(measures) as copy:
        for number, entry in enumerate(plan):
            for day, figure in entry.figures.items():
                for part, value in vars(figure).items():
                    if value is not None:
                        copy.write_row((day, "ytd", f"any.{number}.{part}", "H58", value, day, LOAD))


def attain(connection: psycopg.Connection) -> dict[tuple[int, date], Judgement]:
    """What attain.sql says of each entry and day."""
    run_file(
        connection,
        "attainment/attain.sql",
        {
            "province": "H58",
            "first_day": FIRST,
            "last_day": LAST,
            "allowed_delay_days": json.dumps(ALLOWED_DELAY_DAYS),
        },
    )
    rows = connection.execute(
        "select indicator_code::int, as_of_date, status, value, gap, data_date, is_stale from new_attainment"
    ).fetchall()
    connection.execute("drop table new_attainment")
    return {
        (number, day): Judgement(status, to_fraction(value), to_fraction(gap), data_date, is_stale)
        for number, day, status, value, gap, data_date, is_stale in rows
    }
