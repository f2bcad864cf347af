"""The rulings on results and statuses a second time: plain Python, exact fractions, no line of the SQL."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from tests.indicators.pace_oracle import Past, move, pace_on, status_of_pace

ROOT = "H58"
COMPARATORS: dict[str, Callable[[Fraction, Fraction], bool]] = {">=": operator.ge, ">": operator.gt, "=": operator.eq}

Key = tuple[date, int, int, str, str]  # as_of_date, plan_year, number of the indicator, variant, agency


@dataclass(frozen=True)
class Span:
    """Days from ``first`` to the day before ``end``; None = open."""

    first: date
    end: date | None = None

    def __contains__(self, day: date) -> bool:
        return self.first <= day and (self.end is None or day < self.end)


@dataclass(frozen=True)
class Parts:
    """Both parts or a ratio; a count has its numerator alone."""

    numerator: Decimal | None = None
    denominator: Decimal | None = None
    ratio: Decimal | None = None


@dataclass(frozen=True)
class Report:
    """A source's report on one agency: its parts of a year on a day."""

    agency: str
    year: int
    day: date
    parts: Parts
    fresh_until: date
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Metric:
    """All reports of a metric: increments of days, or values that hold from their day on."""

    is_increment: bool
    reports: tuple[Report, ...]

    @cached_property
    def by_agency(self) -> dict[tuple[str, int], list[Report]]:
        """The reports of each agency and year: of a year of days there are thousands."""
        reports: dict[tuple[str, int], list[Report]] = {}
        for item in self.reports:
            reports.setdefault((item.agency, item.year), []).append(item)
        return reports


@dataclass(frozen=True)
class Variant:
    """A variant of an indicator of a plan. ``set_name`` None: all agencies are counted, and shown.

    ``milestones``: day and value; ``history``: the province's results of earlier years.
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
class Scenario:
    """Agencies and the members of each set with their days, and the variants of one or two plans."""

    agencies: dict[str, Span]
    sets: dict[str, dict[str, Span]]
    variants: tuple[Variant, ...]

    def members(self, variant: Variant, day: date) -> list[str]:
        """The agencies that are counted on ``day``."""
        known = [agency for agency, span in self.agencies.items() if day in span]
        if variant.set_name is None:
            return known
        members = self.sets[variant.set_name]
        return [agency for agency in known if agency in members and day in members[agency]]


@dataclass(frozen=True)
class Known:
    """The parts known on a day, with their day, freshness and flags."""

    parts: Parts
    data_date: date
    fresh_until: date
    flags: frozenset[str]


@dataclass(frozen=True)
class Result:
    """A row of mart.indicator_attainment, without its key."""

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


def compute_expected(scenario: Scenario, day: date) -> dict[Key, Result]:
    """Every result of ``day``."""
    return {
        (day, variant.plan_year, variant.number, variant.variant, agency): result
        for variant, year in variants_in_force(scenario, day)
        for agency, result in results_of(scenario, variant, year, day)
    }


def variants_in_force(scenario: Scenario, day: date) -> Iterator[tuple[Variant, int]]:
    """The variants in force on ``day``, each with the year of its values."""
    newest = max(variant.plan_year for variant in scenario.variants if variant.plan_year <= day.year)
    for variant in scenario.variants:
        is_open = variant.is_budget_year and variant.plan_year <= newest and day <= variant.closes_on
        if is_open:
            yield variant, variant.plan_year
        elif variant.plan_year == newest:
            yield variant, day.year


def results_of(scenario: Scenario, variant: Variant, year: int, day: date) -> Iterator[tuple[str, Result]]:
    """The province's result, and those of the agencies that are shown."""
    members = scenario.members(variant, day)
    known_by_agency = {agency: find_known(variant.metric, agency, year, day) for agency in members}
    fresh = [agency for agency, known in known_by_agency.items() if known and day <= known.fresh_until]
    measure = primary_of(scenario, variant) if variant.roll_up == "agencies_attaining" else variant
    by_agency = {
        agency: judge(measure, year, day, known_by_agency[agency], Fraction(agency in fresh)) for agency in members
    }
    province = roll_up(scenario, variant, year, day, known_by_agency, by_agency, is_partial=len(fresh) < len(members))
    coverage = Fraction(len(fresh), len(members)) if members else None
    has_map = any(day in span for span in scenario.agencies.values())
    is_empty = variant.set_name is not None and variant.is_set_complete and has_map and not members
    yield ROOT, judge(variant, year, day, province, coverage, is_empty=is_empty)
    if variant.is_shown:
        yield from by_agency.items()


def primary_of(scenario: Scenario, variant: Variant) -> Variant:
    """The primary variant of the same indicator."""
    name = (variant.plan_year, variant.number, "primary")
    return next(other for other in scenario.variants if (other.plan_year, other.number, other.variant) == name)


def find_known(metric: Metric, agency: str, year: int, day: date) -> Known | None:
    """The newest report of the year, or the sum of all increments."""
    reported = [item for item in metric.by_agency.get((agency, year), ()) if item.day <= day]
    if metric.is_increment:
        return add(reported)
    newest = max((item.day for item in reported), default=None)
    return add(item for item in reported if item.day == newest)


def add(reports: Iterable[Report]) -> Known | None:
    """Sums of the parts, the newest day, all flags; None without reports."""
    reported = list(reports)
    if not reported:
        return None
    parts = {
        part: total(getattr(item.parts, part) for item in reported) for part in ("numerator", "denominator", "ratio")
    }
    return Known(
        Parts(**parts),
        data_date=max(item.day for item in reported),
        fresh_until=max(item.fresh_until for item in reported),
        flags=frozenset().union(*(item.flags for item in reported)),
    )


def total(numbers: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of the numbers that are known; None if none is."""
    known = [number for number in numbers if number is not None]
    return sum(known, Decimal(0)) if known else None


def roll_up(
    scenario: Scenario,
    variant: Variant,
    year: int,
    day: date,
    known_by_agency: dict[str, Known | None],
    by_agency: dict[str, Result],
    *,
    is_partial: bool,
) -> Known | None:
    """The province's parts, by the way that the variant names."""
    sent = find_known(variant.metric, ROOT, year, day)
    if variant.roll_up == "own":
        return sent
    if variant.roll_up == "pooled":
        return pool(scenario, variant, year, day, known_by_agency)
    if variant.roll_up == "share_of_agencies" and sent:
        return replace(sent, flags=sent.flags | {"sent_by_lead"})
    known = [item for item in known_by_agency.values() if item]
    yes, all_counted = total(item.parts.numerator for item in known), len(known_by_agency)
    answers = [result for result in by_agency.values() if result.value is not None]
    if variant.roll_up == "agencies_attaining":
        busy = [result for result in by_agency.values() if result.denominator != 0]
        yes, all_counted = Decimal(sum(result.status == "attained" for result in busy)), len(busy)
        answers = [result for result in answers if result.target is not None and result.comparator is not None]
    if all_counted and not answers:
        return None
    return gather(known, yes, Decimal(all_counted), frozenset({"partial"} if is_partial else ()))


def pool(
    scenario: Scenario, variant: Variant, year: int, day: date, known_by_agency: dict[str, Known | None]
) -> Known | None:
    """Increments of agencies that were counted on their day, or values of those counted on ``day``."""
    if variant.metric.is_increment:
        reported = [item for item in variant.metric.reports if item.year == year and item.day <= day]
        return add(item for item in reported if item.agency in scenario.members(variant, item.day))
    known = [item for item in known_by_agency.values() if item]
    whole = [item.parts for item in known if not variant.is_share or item.parts.denominator is not None]
    return gather(known, total(item.numerator for item in whole), total(item.denominator for item in whole))


def gather(
    known: list[Known], numerator: Decimal | None, denominator: Decimal | None, flags: frozenset[str] = frozenset()
) -> Known | None:
    """Parts made of those of agencies: as new as the newest."""
    if not known:
        return None
    return Known(
        Parts(numerator, denominator),
        data_date=max(item.data_date for item in known),
        fresh_until=max(item.fresh_until for item in known),
        flags=flags.union(*(item.flags for item in known)),
    )


def judge(
    variant: Variant, year: int, day: date, known: Known | None, coverage: Fraction | None, *, is_empty: bool = False
) -> Result:
    """The result of parts on a day."""
    parts = known.parts if known else Parts()
    value = measure(variant, parts)
    target = to_fraction(parts.denominator if variant.is_target_reported else variant.target)
    status = "not_applicable" if is_empty else choose_status(variant, year, day, parts, value, target)
    pace = pace_on(variant, year, day, target)
    return Result(
        status=status,
        numerator=to_fraction(parts.numerator),
        denominator=to_fraction(parts.denominator),
        value=value,
        comparator=variant.comparator,
        target=target,
        gap=None if value is None or target is None else value - target,
        pace_target=pace,
        pace_status=status_of_pace(status, value, pace),
        data_date=known.data_date if known else None,
        is_stale=known is not None and day > known.fresh_until,
        flags=(known.flags if known else frozenset()) | added_flags(variant, year, parts, value),
        coverage=coverage if variant.reported_for == "agencies" else None,
    )


def added_flags(variant: Variant, year: int, parts: Parts, value: Fraction | None) -> set[str]:
    """Flags that the plan causes."""
    flags = {"plan_of_other_year"} if year != variant.plan_year else set()
    is_negative = any(part is not None and part < 0 for part in vars(parts).values())
    if variant.is_share and variant.may_exceed_100 and value is not None and value > 100 and not is_negative:
        flags.add("over_100")
    return flags


def measure(variant: Variant, parts: Parts) -> Fraction | None:
    """The value, unrounded."""
    if parts.numerator is None:
        return to_fraction(parts.ratio)
    if not variant.is_share:
        return Fraction(parts.numerator)
    return Fraction(parts.numerator) * 100 / Fraction(parts.denominator) if parts.denominator else None


def choose_status(
    variant: Variant, year: int, day: date, parts: Parts, value: Fraction | None, target: Fraction | None
) -> str:
    """The status: the first that holds."""
    if variant.is_share and parts.denominator == 0:
        return "not_applicable"
    if value is None and variant.judged == "yearly_survey" and variant.published_on is not None:
        expected_on = move(variant.published_on, year - variant.plan_year)
        if day < expected_on:
            return "pending"
    if value is None or target is None or variant.comparator is None:
        return "no_data"
    known = [part for part in (parts.numerator, parts.denominator, parts.ratio) if part is not None]
    if min(known) < 0 or (variant.is_share and value > 100 and not variant.may_exceed_100):
        return "invalid"
    if COMPARATORS[variant.comparator](value, target):
        return "attained"
    return "pending" if variant.judged == "year_end" and day < variant.closes_on else "missed"


def to_fraction(number: Decimal | None) -> Fraction | None:
    """The same number, exactly."""
    return None if number is None else Fraction(number)
