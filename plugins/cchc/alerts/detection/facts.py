"""The facts of a result in a message: its change since the peak of recent weeks, who made it, the required rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import psycopg

from cchc.alerts.detection.results import (
    Indicator,
    Indicators,
    Result,
    is_judgeable,
    list_reasons,
    read_results_between,
    select_first_results,
)
from cchc.alerts.model import Change, Contribution, IndicatorFacts, IndicatorKind, RequiredRate
from cchc.alerts.rules import Rules
from cchc.calendar import DateRange
from cchc.messages import read_messages
from cchc.warehouse.connection import run_file

COMPARED = frozenset({"attained", "missed", "pending"})
MAX_CONTRIBUTIONS = 3
MIN_CONTRIBUTION = Decimal("0.01")  # points; a smaller part is shown as zero
MESSAGES = read_messages("alert_facts")


@dataclass(frozen=True)
class FactsBuilder:
    """Builds the facts of results. ``names``: the agencies' names on the newest day."""

    connection: psycopg.Connection
    province: str
    indicators: Indicators
    rules: Rules
    names: Mapping[str, str]

    def build(self, kind: IndicatorKind, result: Result, *, with_change: bool = True) -> IndicatorFacts:
        """The facts of a result; ``with_change``: with change and required rate, for the kinds that have them."""
        indicator = self.indicators[result.plan_year, result.indicator_code, result.variant]
        explains = with_change and kind in ("missed", "behind", "drop")
        return IndicatorFacts(
            kind=kind,
            indicator_code=result.indicator_code,
            variant=result.variant,
            clause=indicator.clause,
            name_vi=indicator.name_vi,
            unit_vi=indicator.unit_vi,
            agency_code=result.agency_code,
            agency_name_vi=self.names.get(result.agency_code, result.agency_code),
            is_province=result.agency_code == self.province,
            data_date=result.data_date,
            value=result.value,
            comparator=result.comparator,
            target=result.target,
            pace_target=result.pace_target,
            numerator=result.numerator,
            denominator=result.denominator,
            change=self._find_change(result, indicator) if explains else None,
            required_rate=self._read_required_rate(result) if explains else None,
            reasons=list_reasons(result, indicator, self.rules),
            flags=tuple(sorted(self.rules.reconciliation_flags.intersection(result.quality_flags or ()))),
        )

    def _find_change(self, result: Result, indicator: Indicator) -> Change | None:
        """The change since the highest value of recent weeks; None where the result is the highest."""
        first = max(result.as_of_date - timedelta(days=self.rules.compare_days), date(result.figure_year, 1, 1))
        days = DateRange.inclusive(first, result.as_of_date)
        candidates = [
            (one.value, one.data_date, one.as_of_date)
            for one in select_first_results(read_results_between(self.connection, result.series, days))
            if one.value is not None
            and one.data_date
            and one.status in COMPARED
            and is_judgeable(one, indicator, self.rules)
        ]
        peak = max(candidates, default=None)
        if peak is None or result.value is None or peak[0] <= result.value:
            return None
        value, since, as_of_date = peak
        return Change(since=since, value=value, contributions=self._read_contributions(result, as_of_date))

    def _read_contributions(self, result: Result, from_date: date) -> tuple[Contribution, ...]:
        """The agencies that lowered the province's share most since ``from_date`` (mart.result_change)."""
        if result.agency_code != self.province:
            return ()
        parameters = {
            **result.series._asdict(),
            "from_date": from_date,
            "to_date": result.as_of_date,
            "min_points": MIN_CONTRIBUTION,
            "max_rows": MAX_CONTRIBUTIONS,
        }
        rows = run_file(self.connection, "alerts/contributions.sql", parameters).fetchall()
        return tuple(
            Contribution(agency_code=code, agency_name_vi=self._name_part(code), rate=rate, mix=mix)
            for code, rate, mix in rows
        )

    def _name_part(self, agency_code: str | None) -> str:
        if agency_code is None:
            return MESSAGES.format("no_agency")
        return self.names.get(agency_code, agency_code)

    def _read_required_rate(self, result: Result) -> RequiredRate | None:
        """The rate that the target requires from here (mart.required_rate); None where there is none."""
        parameters = {**result.series._asdict(), "as_of_date": result.as_of_date}
        row = run_file(self.connection, "alerts/required_rate.sql", parameters).fetchone()
        if row is None:
            return None
        by_date, per_week, so_far_per_week, rest_pct = row
        return RequiredRate(by_date=by_date, per_week=per_week, so_far_per_week=so_far_per_week, rest_pct=rest_pct)
