"""A warehouse whose results a test writes by hand, day by day, and evaluates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import psycopg

from cchc.alerts.detection.evaluation import Evaluation, evaluate
from cchc.alerts.lifecycle import Alerting
from cchc.alerts.recipients import Recipient
from cchc.alerts.rules import Rules, load_rules
from cchc.calendar import LOCAL, WorkingDays
from cchc.settings import ALERT_RULES

PROVINCE = "H58"
DISTRICT = "H58.31"
RULES: Rules = load_rules(ALERT_RULES)
WEEKENDS_ONLY = WorkingDays(frozenset(), frozenset(), frozenset())

INDICATOR = """
insert into mart.indicator (
    province_code, plan_year, indicator_code, variant, valid_from, ordinal, clause, wording_vi, name_vi, short_name_vi,
    unit_vi, counts, comparator, target, is_aspirational, judged, closes_on, is_share, is_target_reported, source,
    metric, reported_for, roll_up, period, levels, lead_agency_vi, legal_basis_vi
) values (
    'H58', 2024, %(code)s, 'primary', '2024-01-01', 1, 'II.1.b', '', %(code)s, '', '%%', 'whole', '>=', 45, false,
    %(judged)s, %(closes_on)s, true, false, 'national_portal', 'm', 'agencies', %(roll_up)s, %(period)s, '{province}',
    '', ''
)
"""
AGENCY = """
insert into core.agency_catalog (agency_code, valid_from, valid_to, name_vi, level, is_synthetic_code)
values (%s, '2000-01-01', %s, %s, %s, true)
"""
RESULT = """
insert into mart.indicator_attainment (
    as_of_date, plan_year, figure_year, indicator_code, variant, agency_code, numerator, denominator, value, comparator,
    target, status, gap, pace_target, pace_status, data_date, is_stale, quality_flags, coverage, run_id, computed_at
) values (
    %(as_of_date)s, 2024,
    coalesce(
        (
            select mart.figure_year(%(as_of_date)s, i.plan_year, i.period, i.closes_on) from mart.indicator as i
            where i.indicator_code = %(code)s and i.variant = 'primary' and i.plan_year = 2024
            limit 1
        ),
        extract(year from %(as_of_date)s::date)
    ),
    %(code)s, 'primary', %(agency)s, %(numerator)s, %(denominator)s, %(value)s, '>=', 45,
    %(status)s, %(value)s::numeric - 45, %(pace_target)s, %(pace_status)s, %(data_date)s, %(is_stale)s, %(flags)s,
    %(coverage)s, 'test', now()
)
on conflict (as_of_date, plan_year, indicator_code, variant, agency_code) do update set
    numerator = excluded.numerator, denominator = excluded.denominator, value = excluded.value,
    status = excluded.status, gap = excluded.gap, pace_target = excluded.pace_target,
    pace_status = excluded.pace_status, data_date = excluded.data_date, is_stale = excluded.is_stale,
    quality_flags = excluded.quality_flags, coverage = excluded.coverage
"""


def morning(day: date, hour: int = 5) -> datetime:
    """The morning after ``day``."""
    return datetime.combine(day + timedelta(days=1), time(hour), LOCAL)


@dataclass
class AttainmentFixture:
    """Writes results and evaluates alerts. A test may change ``recipients``."""

    connection: psycopg.Connection
    recipients: tuple[Recipient, ...] = ()
    rules: Rules = RULES
    judged: dict[str, str] = field(default_factory=dict)

    @property
    def alerting(self) -> Alerting:
        """The configuration, as the tasks build it."""
        return Alerting(PROVINCE, self.rules, self.recipients, WEEKENDS_ONLY)

    def add_indicator(
        self, code: str = "II.1.b-1", *, judged: str = "as_reported", roll_up: str = "own", period: str = "year_to_date"
    ) -> None:
        """Add an indicator to the plan of 2024, with the target 45."""
        closes_on = date(2025, 1, 31) if period == "budget_year" else date(2024, 12, 31)
        parameters = {"code": code, "judged": judged, "roll_up": roll_up, "period": period, "closes_on": closes_on}
        self.connection.execute(INDICATOR, parameters)
        self.judged[code] = judged

    def add_agency(self, code: str, name: str, level: str = "district", valid_to: date | None = None) -> None:
        """Add an agency to the map."""
        self.connection.execute(AGENCY, [code, valid_to, name, level])

    def put(
        self,
        day: date,
        value: str | int | Decimal | None,
        *,
        code: str = "II.1.b-1",
        agency: str = PROVINCE,
        **columns: Any,
    ) -> None:
        """Write a result; ``columns`` replace those that follow from the value (1000 cases, reported that day)."""
        number = None if value is None else Decimal(value)
        is_reached = number is not None and number >= 45
        bad = "pending" if self.judged[code] == "year_end" else "missed"
        row = {
            "as_of_date": day,
            "code": code,
            "agency": agency,
            "value": number,
            "numerator": None if number is None else number * 10,
            "denominator": None if number is None else 1000,
            "status": "no_data" if number is None else "attained" if is_reached else bad,
            "pace_target": None,
            "pace_status": "none",
            "data_date": None if number is None else day,
            "is_stale": False,
            "flags": [],
            "coverage": None,
        }
        self.connection.execute(RESULT, row | columns)

    def run(
        self, first: date, values: Iterable[str | int | None], *, hour: int = 5, **columns: Any
    ) -> list[Evaluation]:
        """Write a value for each day and evaluate it the next morning; None: a day without a result."""
        outcomes = []
        for number, value in enumerate(values):
            day = first + timedelta(days=number)
            if value is not None:
                self.put(day, value, **columns)
            outcomes.append(self.evaluate(day, hour))
        return outcomes

    def evaluate(self, day: date, hour: int = 5) -> Evaluation:
        """Evaluate on the morning after ``day``."""
        return evaluate(self.connection, self.alerting, morning(day, hour))

    def list_alerts(self, *columns: str) -> list[tuple[Any, ...]]:
        """The columns of every alert, by beginning; by default kind, agency, began_on, status."""
        wanted = ", ".join(columns or ("kind", "agency_code", "began_on", "status"))
        return self.connection.execute(
            f"select {wanted} from ops.alert order by began_on, kind, agency_code, alert_id".encode()
        ).fetchall()

    def list_steps(self) -> list[str]:
        """Every step, in order."""
        return [step for (step,) in self.connection.execute("select step from ops.alert_step order by step_id")]

    def list_notifications(self) -> list[tuple[str, str, datetime]]:
        """Recipient, step and due time of every notification."""
        return self.connection.execute(
            "select n.recipient, s.step, n.due_at from ops.notification as n inner join ops.alert_step as s"
            " on n.step_id = s.step_id order by n.notification_id"
        ).fetchall()


def make_recipient(name: str, **fields: Any) -> Recipient:
    """A recipient of all alerts about the province, by mail."""
    defaults: Mapping[str, Any] = {
        "id": name, "name_vi": name, "audience": "performance", "channel": "email",
        "address": f"{name}@example.invalid", "agencies": [PROVINCE], "with_below": True,
    }  # fmt: skip
    return Recipient.model_validate({**defaults, **fields})
