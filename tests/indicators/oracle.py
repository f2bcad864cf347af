"""The rulings on rows and statuses written down a second time: plain Python, exact fractions, no line of the SQL."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.indicators.pace_oracle import Past, move, pace_on, status_of_pace

ROOT = "H58"
COMPARATORS: dict[str, Callable[[Fraction, Fraction], bool]] = {">=": operator.ge, ">": operator.gt, "=": operator.eq}

Key = tuple[date, int, int, str, str]  # as_of_date, plan_year, number of the entry, variant, agency


@dataclass(frozen=True)
class Span:
    """Days from ``first`` to the day before ``end``; None = open."""

    first: date
    end: date | None = None

    def __contains__(self, day: date) -> bool:
        return self.first <= day and (self.end is None or day < self.end)


@dataclass(frozen=True)
class Figure:
    """Both parts or a ratio; a count has its numerator alone."""

    numerator: Decimal | None = None
    denominator: Decimal | None = None
    ratio: Decimal | None = None


@dataclass(frozen=True)
class Telling:
    """What a source told of one agency for a day of a year's figures."""

    agency: str
    year: int
    day: date
    figure: Figure
    fresh_until: date
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Metric:
    """All that was told of a metric: what each day adds, or what holds from the day on."""

    is_increment: bool
    tellings: tuple[Telling, ...]


@dataclass(frozen=True)
class Reading:
    """An entry of a plan in one reading. ``set_name`` None: all agencies are counted, and shown.

    ``milestones``: day and value; ``history``: the province's rows of earlier years.
    """

    number: int
    variant: str
    plan_year: int
    comparator: str | None
    target: Decimal | None
    is_share: bool
    may_exceed_100: bool
    is_target_reported: bool
    judged: str
    closes_on: date
    published_on: date | None
    is_budget_year: bool
    roll_up: str
    reported_for: str
    set_name: str | None
    is_set_complete: bool
    is_shown: bool
    metric: Metric
    milestones: tuple[tuple[date, Decimal], ...] = ()
    history: tuple[Past, ...] = ()


@dataclass(frozen=True)
class World:
    """Agencies and the members of each set with their days, and the readings of one or two plans."""

    agencies: dict[str, Span]
    sets: dict[str, dict[str, Span]]
    readings: tuple[Reading, ...]

    def members(self, reading: Reading, day: date) -> list[str]:
        """Who is counted on ``day``."""
        known = [agency for agency, span in self.agencies.items() if day in span]
        if reading.set_name is None:
            return known
        members = self.sets[reading.set_name]
        return [agency for agency in known if agency in members and day in members[agency]]


@dataclass(frozen=True)
class Held:
    """What is known of a figure on a day."""

    figure: Figure
    data_date: date
    fresh_until: date
    flags: frozenset[str]


@dataclass(frozen=True)
class Row:
    """A row of the attainment table, without its key."""

    status: str
    numerator: Fraction | None
    denominator: Fraction | None
    value: Fraction | None
    comparator: str | None
    target: Fraction | None
    gap: Fraction | None
    pace_target: Fraction | None
    pace_status: str
    data_date: date | None
    is_stale: bool
    flags: frozenset[str]
    coverage: Fraction | None


def reckon(world: World, day: date) -> dict[Key, Row]:
    """Every row of ``day``."""
    return {
        (day, reading.plan_year, reading.number, reading.variant, agency): row
        for reading, year in readings_of(world, day)
        for agency, row in rows_of(world, reading, year, day)
    }


def readings_of(world: World, day: date) -> Iterator[tuple[Reading, int]]:
    """The readings that hold on ``day``, each with the year of its figures."""
    newest = max(reading.plan_year for reading in world.readings if reading.plan_year <= day.year)
    for reading in world.readings:
        is_open = reading.is_budget_year and reading.plan_year <= newest and day <= reading.closes_on
        if is_open:
            yield reading, reading.plan_year
        elif reading.plan_year == newest:
            yield reading, day.year


def rows_of(world: World, reading: Reading, year: int, day: date) -> Iterator[tuple[str, Row]]:
    """The province's row, and those of the agencies that are shown."""
    members = world.members(reading, day)
    held = {agency: hold(reading.metric, agency, year, day) for agency in members}
    fresh = [agency for agency, known in held.items() if known and day <= known.fresh_until]
    measure = primary_of(world, reading) if reading.roll_up == "agencies_attaining" else reading
    by_agency = {agency: judge(measure, year, day, held[agency], Fraction(agency in fresh)) for agency in members}
    province = roll_up(world, reading, year, day, held, by_agency, is_partial=len(fresh) < len(members))
    coverage = Fraction(len(fresh), len(members)) if members else None
    has_map = any(day in span for span in world.agencies.values())
    is_empty = reading.set_name is not None and reading.is_set_complete and has_map and not members
    yield ROOT, judge(reading, year, day, province, coverage, is_empty=is_empty)
    if reading.is_shown:
        yield from by_agency.items()


def primary_of(world: World, reading: Reading) -> Reading:
    """The primary reading of the same entry."""
    name = (reading.plan_year, reading.number, "primary")
    return next(other for other in world.readings if (other.plan_year, other.number, other.variant) == name)


def hold(metric: Metric, agency: str, year: int, day: date) -> Held | None:
    """The newest telling of the year, or the sum of all."""
    told = [item for item in metric.tellings if (item.agency, item.year) == (agency, year) and item.day <= day]
    if metric.is_increment:
        return add(told)
    return add(item for item in told if item.day == max(other.day for other in told))


def add(tellings: Iterable[Telling]) -> Held | None:
    """Parts summed, the newest of the days, all the flags; None of nothing."""
    told = list(tellings)
    if not told:
        return None
    parts = {part: total(getattr(item.figure, part) for item in told) for part in ("numerator", "denominator", "ratio")}
    return Held(
        Figure(**parts),
        data_date=max(item.day for item in told),
        fresh_until=max(item.fresh_until for item in told),
        flags=frozenset().union(*(item.flags for item in told)),
    )


def total(numbers: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of the numbers that are known; None if none is."""
    known = [number for number in numbers if number is not None]
    return sum(known, Decimal(0)) if known else None


def roll_up(
    world: World,
    reading: Reading,
    year: int,
    day: date,
    held: dict[str, Held | None],
    by_agency: dict[str, Row],
    *,
    is_partial: bool,
) -> Held | None:
    """The province's figure."""
    sent = hold(reading.metric, ROOT, year, day)
    if reading.roll_up == "own":
        return sent
    if reading.roll_up == "pooled":
        return pool(world, reading, year, day, held)
    if reading.roll_up == "share_of_agencies" and sent:
        return replace(sent, flags=sent.flags | {"sent_by_lead"})
    known = [item for item in held.values() if item]
    yes, all_counted = total(item.figure.numerator for item in known), len(held)
    answers = [row for row in by_agency.values() if row.value is not None]
    if reading.roll_up == "agencies_attaining":
        busy = [row for row in by_agency.values() if row.denominator != 0]
        yes, all_counted = Decimal(sum(row.status == "attained" for row in busy)), len(busy)
        answers = [row for row in answers if row.target is not None and row.comparator is not None]
    if all_counted and not answers:
        return None
    return gather(known, yes, Decimal(all_counted), frozenset({"partial"} if is_partial else ()))


def pool(world: World, reading: Reading, year: int, day: date, held: dict[str, Held | None]) -> Held | None:
    """Increments of who was counted on their day, or what holds for those counted on ``day``."""
    if reading.metric.is_increment:
        told = [item for item in reading.metric.tellings if item.year == year and item.day <= day]
        return add(item for item in told if item.agency in world.members(reading, item.day))
    known = [item for item in held.values() if item]
    whole = [item.figure for item in known if not reading.is_share or item.figure.denominator is not None]
    return gather(known, total(item.numerator for item in whole), total(item.denominator for item in whole))


def gather(
    known: list[Held], numerator: Decimal | None, denominator: Decimal | None, flags: frozenset[str] = frozenset()
) -> Held | None:
    """A figure made of those of agencies: as new as the newest."""
    if not known:
        return None
    return Held(
        Figure(numerator, denominator),
        data_date=max(item.data_date for item in known),
        fresh_until=max(item.fresh_until for item in known),
        flags=flags.union(*(item.flags for item in known)),
    )


def judge(
    reading: Reading, year: int, day: date, held: Held | None, coverage: Fraction | None, *, is_empty: bool = False
) -> Row:
    """The row of a figure on a day."""
    figure = held.figure if held else Figure()
    value = measure(reading, figure)
    target = to_fraction(figure.denominator if reading.is_target_reported else reading.target)
    status = "not_applicable" if is_empty else choose_status(reading, year, day, figure, value, target)
    pace = pace_on(reading, year, day, target)
    return Row(
        status=status,
        numerator=to_fraction(figure.numerator),
        denominator=to_fraction(figure.denominator),
        value=value,
        comparator=reading.comparator,
        target=target,
        gap=None if value is None or target is None else value - target,
        pace_target=pace,
        pace_status=status_of_pace(status, value, pace),
        data_date=held.data_date if held else None,
        is_stale=held is not None and day > held.fresh_until,
        flags=(held.flags if held else frozenset()) | added_flags(reading, year, figure, value),
        coverage=coverage if reading.reported_for == "agencies" else None,
    )


def added_flags(reading: Reading, year: int, figure: Figure, value: Fraction | None) -> set[str]:
    """Flags that come from the plan."""
    flags = {"plan_of_other_year"} if year != reading.plan_year else set()
    is_negative = any(part is not None and part < 0 for part in vars(figure).values())
    if reading.is_share and reading.may_exceed_100 and value is not None and value > 100 and not is_negative:
        flags.add("over_100")
    return flags


def measure(reading: Reading, figure: Figure) -> Fraction | None:
    """The value, unrounded."""
    if figure.numerator is None:
        return to_fraction(figure.ratio)
    if not reading.is_share:
        return Fraction(figure.numerator)
    return Fraction(figure.numerator) * 100 / Fraction(figure.denominator) if figure.denominator else None


def choose_status(
    reading: Reading, year: int, day: date, figure: Figure, value: Fraction | None, target: Fraction | None
) -> str:
    """The status: the first that holds."""
    if reading.is_share and figure.denominator == 0:
        return "not_applicable"
    if value is None and reading.judged == "yearly_survey" and reading.published_on is not None:
        expected_on = move(reading.published_on, year - reading.plan_year)
        if day < expected_on:
            return "pending"
    if value is None or target is None or reading.comparator is None:
        return "no_data"
    parts = [part for part in (figure.numerator, figure.denominator, figure.ratio) if part is not None]
    if min(parts) < 0 or (reading.is_share and value > 100 and not reading.may_exceed_100):
        return "invalid"
    if COMPARATORS[reading.comparator](value, target):
        return "attained"
    return "pending" if reading.judged == "year_end" and day < reading.closes_on else "missed"


def to_fraction(number: Decimal | None) -> Fraction | None:
    """The same number, exactly."""
    return None if number is None else Fraction(number)
