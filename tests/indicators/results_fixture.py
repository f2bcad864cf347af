"""Writes one indicator and results of chosen days, for tests of views and functions over results."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg

INDICATOR = """
insert into mart.indicator (
    province_code, plan_year, indicator_code, variant, valid_from, ordinal, clause, wording_vi, name_vi, short_name_vi,
    unit_vi, counts, comparator, target, is_aspirational, judged, closes_on, is_share, is_target_reported, source,
    metric, reported_for, roll_up, period, levels, lead_agency_vi, legal_basis_vi
) values (
    'H58', 2024, 'II.1.b-1', 'primary', '2024-01-01', 1, 'II.1.b', '', '', '', '%%', 'whole', '>=', 45, false,
    %(judged)s, %(closes_on)s, %(is_share)s, false, 'national_portal', 'm', 'agencies', %(roll_up)s, %(period)s,
    '{province}', '', ''
)
"""
RESULT = """
insert into mart.indicator_attainment (
    as_of_date, plan_year, figure_year, indicator_code, variant, agency_code, numerator, denominator, value, comparator,
    target, status, is_stale, quality_flags, run_id, computed_at
) values (
    %(day)s, 2024, mart.figure_year(%(day)s, 2024, %(period)s, %(closes_on)s), 'II.1.b-1', 'primary', %(agency)s,
    %(numerator)s, %(denominator)s, %(value)s, '>=', %(target)s, %(status)s, false, '{}', 'test', now()
)
"""
DEFAULTS: Mapping[str, Any] = {
    "judged": "as_reported",
    "closes_on": date(2024, 12, 31),
    "is_share": True,
    "roll_up": "own",
    "period": "year_to_date",
}


class ResultsFixture:
    """One indicator of the province H58 and its results. ``fields``: those of the indicator that aren't DEFAULTS."""

    def __init__(self, connection: psycopg.Connection, **fields: Any) -> None:
        self.connection = connection
        self.indicator = {**DEFAULTS, **fields}
        connection.execute(INDICATOR, self.indicator)

    def put(
        self,
        day: date,
        numerator: Decimal | int | None,
        denominator: Decimal | int | None,
        *,
        agency: str = "H58",
        **columns: Any,
    ) -> None:
        """Write a result; its value is the share of the parts unless ``columns`` set it."""
        value = None if numerator is None or not denominator else Decimal(numerator) * 100 / Decimal(denominator)
        row = {"value": value, "target": None, "status": "missed", **columns}
        parts = {"numerator": numerator, "denominator": denominator}
        self.connection.execute(RESULT, {"day": day, "agency": agency, **self.indicator, **parts, **row})
