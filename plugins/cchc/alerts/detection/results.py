"""Results as detection reads them: changed rows, series, and the observation that a row gives for a kind of alert."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import class_row

from cchc.alerts.detection.episodes import Observation
from cchc.alerts.model import IndicatorKind
from cchc.alerts.rules import Rules
from cchc.calendar import DateRange
from cchc.settings import SQL
from cchc.warehouse.connection import run_file

STALE, PROVISIONAL, PARTIAL = "stale", "provisional", "partial"
# The denominator of these is a number of agencies: coverage counts, not the number of cases.
COUNTS_AGENCIES = frozenset({"share_of_agencies", "agencies_attaining"})
EVERY_AGENCY = 100  # percent
ROWS_AT_ONCE = 10_000


class SeriesKey(NamedTuple):
    """The key of a series: the results of one agency, indicator and variant of a plan in one year."""

    plan_year: int
    figure_year: int
    indicator_code: str
    variant: str
    agency_code: str

    @property
    def subject(self) -> str:
        """The subject of the alerts of the series, as in ops.alert."""
        return "/".join(map(str, self))


@dataclass(frozen=True, slots=True)
class Result:
    """A row of mart.indicator_result, fields in its order; ``status`` None: the row was deleted."""

    as_of_date: date
    plan_year: int
    figure_year: int
    indicator_code: str
    variant: str
    agency_code: str
    province_code: str
    status: str | None
    numerator: Decimal | None
    denominator: Decimal | None
    value: Decimal | None
    target: Decimal | None
    comparator: str | None
    gap: Decimal | None
    pace_target: Decimal | None
    pace_status: str | None
    data_date: date | None
    is_stale: bool | None
    quality_flags: list[str] | None
    coverage: Decimal | None

    @property
    def series(self) -> SeriesKey:
        """The key of its series."""
        return SeriesKey(self.plan_year, self.figure_year, self.indicator_code, self.variant, self.agency_code)


@dataclass(frozen=True, slots=True)
class Indicator:
    """The fields of mart.indicator_latest that detection needs."""

    plan_year: int
    indicator_code: str
    variant: str
    clause: str
    name_vi: str
    unit_vi: str
    judged: str
    is_share: bool
    roll_up: str


Indicators = Mapping[tuple[int, str, str], Indicator]


def read_indicators(connection: psycopg.Connection, province: str) -> Indicators:
    """The indicators of the province's plans in their newest version, by plan year, code and variant."""
    rows = connection.cursor(row_factory=class_row(Indicator)).execute(
        "select plan_year, indicator_code, variant, clause, name_vi, unit_vi, judged, is_share, roll_up"
        " from mart.indicator_latest where province_code = %s",
        [province],
    )
    return {(indicator.plan_year, indicator.indicator_code, indicator.variant): indicator for indicator in rows}


def read_changed_results(
    connection: psycopg.Connection, province: str, variants: Iterable[str], newest: date
) -> Generator[Result, None, None]:
    """The results up to the day ``newest`` that changed since the last evaluation, by series, then by day.

    A server-side cursor in the current transaction delivers them: a rebuilt year has a million rows.
    """
    parameters = {"province": province, "variants": list(variants), "newest": newest}
    text = (SQL / "alerts/changed_results.sql").read_text(encoding="utf-8").rstrip().removesuffix(";")
    with connection.cursor("changed_results") as cursor:
        cursor.execute(text.encode(), parameters)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            for row in rows:
                yield Result(*row)


def read_results_of_day(
    connection: psycopg.Connection, province: str, variants: Iterable[str], day: date
) -> list[Result]:
    """The results of a day, the province's first."""
    parameters = {"province": province, "variants": list(variants), "day": day}
    return _read_results(connection, "alerts/results_of_day.sql", parameters)


def read_results_between(connection: psycopg.Connection, series: SeriesKey, days: DateRange) -> list[Result]:
    """The results of one series within ``days``, by day."""
    parameters = {**series._asdict(), "first_day": days.start, "last_day": days.last}
    return _read_results(connection, "alerts/results_between.sql", parameters)


def read_series(connection: psycopg.Connection, keys: Iterable[SeriesKey], newest: date) -> list[Result]:
    """All results of the series ``keys`` up to the day ``newest``, by day; a budget year has a 13th month."""
    columns = list(zip(*keys, strict=True)) or [()] * len(SeriesKey._fields)
    parameters = {name: list(column) for name, column in zip(SeriesKey._fields, columns, strict=True)}
    return _read_results(connection, "alerts/series.sql", {**parameters, "newest": newest})


def _read_results(connection: psycopg.Connection, file: str, parameters: dict[str, Any]) -> list[Result]:
    return [Result(*row) for row in run_file(connection, file, parameters).fetchall()]


def list_reasons(result: Result, indicator: Indicator, rules: Rules) -> tuple[str, ...]:
    """Why a result can't be judged yet: it is stale, provisional or partial."""
    reasons = {
        STALE: bool(result.is_stale),
        PROVISIONAL: not rules.provisional_flags.isdisjoint(result.quality_flags or ()),
        PARTIAL: indicator.roll_up in COUNTS_AGENCIES and result.coverage is not None and result.coverage < 1,
    }
    return tuple(reason for reason, holds in reasons.items() if holds)


def observe(kind: IndicatorKind, result: Result, indicator: Indicator, rules: Rules) -> Observation | None:
    """The observation that a result gives for ``kind``; None: it doesn't count.

    For ``unknown`` any result may be passed, for ``reconciliation`` one that isn't stale, for other kinds a judgeable
    one. An observation for ``drop`` only states that the result counts.
    """
    if result.status is None:
        return None
    if kind == "unknown":
        return _observe_reasons(result, indicator, rules)
    if result.data_date is None:
        return None
    if kind == "reconciliation":
        return Observation(result.data_date, rules.reconciliation_flags.isdisjoint(result.quality_flags or ()))
    return _observe_pace(result) if kind == "behind" else _observe_status(result)


def _observe_status(result: Result) -> Observation | None:
    if result.status not in ("attained", "missed") or result.data_date is None:
        return None
    return Observation(result.data_date, result.status == "attained", result.gap)


def _observe_pace(result: Result) -> Observation | None:
    is_judged = result.status in ("attained", "pending", "missed") and result.pace_status != "none"
    if not is_judged or result.data_date is None:
        return None
    gap = None if result.value is None or result.pace_target is None else result.value - result.pace_target
    return Observation(result.data_date, result.pace_status == "on_track", gap)


def _observe_reasons(result: Result, indicator: Indicator, rules: Rules) -> Observation | None:
    if result.value is None or result.status in ("not_applicable", "invalid"):
        return None
    return Observation(result.as_of_date, not list_reasons(result, indicator, rules))


def select_first_results(results: Iterable[Result]) -> list[Result]:
    """For each data date the result of the first day on which it wasn't stale, by data date; ``results``: by day."""
    first: dict[date, Result] = {}
    for result in results:
        if result.data_date is not None and not result.is_stale:
            first.setdefault(result.data_date, result)
    return [first[day] for day in sorted(first)]


def is_judgeable(result: Result, indicator: Indicator, rules: Rules) -> bool:
    """Whether a result may be judged and compared: final, of enough cases, and no single answer among agencies."""
    return not (
        list_reasons(result, indicator, rules)
        or has_few_cases(result, indicator, rules)
        or is_single_answer(result, indicator)
    )


def has_few_cases(result: Result, indicator: Indicator, rules: Rules) -> bool:
    """Whether a share has fewer cases than the rules require; shares of agencies always have enough."""
    return (
        indicator.is_share
        and indicator.roll_up not in COUNTS_AGENCIES
        and result.denominator is not None
        and result.denominator < rules.least_denominator
    )


def is_single_answer(result: Result, indicator: Indicator) -> bool:
    """Whether a result is one agency's yes or no where the target needs only some agencies: a no is no failure."""
    is_agency = result.agency_code != result.province_code
    return is_agency and indicator.roll_up in COUNTS_AGENCIES and result.target != EVERY_AGENCY
