"""A fixture: the warehouse of a province, into which tests publish days of the portal and of the e-office."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import psycopg

from cchc.calendar import DateRange
from cchc.indicators.attainment import compute_attainment
from cchc.settings import SOURCES
from cchc.sources.profile import read_profiles

PROVINCE = "H58"
PROFILES = read_profiles(SOURCES)

INDICATOR = """
insert into mart.indicator (
    province_code, plan_year, indicator_code, variant, valid_from, ordinal, clause, wording_vi, name_vi, short_name_vi,
    unit_vi, counts, comparator, target, is_aspirational, judged, closes_on, is_share, is_target_reported, source,
    metric, reported_for, roll_up, period, levels, lead_agency_vi, legal_basis_vi
) values (
    'H58', 2024, %s, 'primary', '2024-01-01', 1, '', '', '', '', '', 'whole', '>=', 45, false, %s, '2024-12-31', true,
    false, split_part(%s, '.', 1), %s, 'agencies', 'own', 'year_to_date', '{province,district}', '', ''
)
"""
AGENCY = """
insert into core.agency_catalog (agency_code, valid_from, name_vi, level, is_synthetic_code)
values (%s, %s, %s, %s, true)
"""
LOAD = """
insert into ops.load (load_id, source, entity, window_start, window_end, data_date, status, run_id, started_at)
values (%s, %s, %s, '2024-01-01', '2024-12-31', %s, 'published', 'test', now())
"""
STATISTIC = """
insert into core.portal_statistic (
    source, data_date, period, period_start, metric, department_id, entity, is_root, numerator, denominator, load_id
) values ('national_portal', %s, %s, %s, 'online_payment', %s, %s, %s, %s, %s, %s)
"""
DEPARTMENT = """
insert into core.portal_department (
    source, department_id, data_date, department_code, name_vi, level, is_root, load_ids
) values ('national_portal', %s, %s, %s, %s, 'district', false, array[%s::uuid])
"""
OFFICE = """
insert into core.office_unit_day (
    source, agency_code, day, received, sent, sent_without_paper, sent_with_paper, processed_online, work_files,
    work_files_online, reported_on, content_sha256, load_id
) values ('eoffice', %s, %s, 0, %s, %s, 0, 0, 0, 0, %s, '', %s)
"""
DIRTY_DATE = "insert into ops.dirty_date (load_id, source, data_date) values (%s, %s, %s)"


@dataclass(frozen=True)
class ProvinceFixture:
    """A connection as the loader, with the steps of the pipeline and of the tests."""

    connection: psycopg.Connection

    def add_indicator(
        self,
        code: str = "II.1.c-1",
        metric: str = "national_portal.online_payment",
        judged: str = "as_reported",
    ) -> None:
        """Add an indicator of the province and its districts to the plan of 2024; commits."""
        with self.connection.transaction():
            self.connection.execute(INDICATOR, [code, judged, metric, metric])

    def add_agency(self, code: str, valid_from: date, level: str = "district") -> None:
        """Add an agency to the catalog; commits."""
        with self.connection.transaction():
            self.connection.execute(AGENCY, [code, valid_from, code, level])

    def publish(
        self,
        day: date,
        parts: Mapping[str, tuple[int, int]],
        codes: Mapping[str, str] | None = None,
        month: date | None = None,
    ) -> None:
        """Write the rows of a publish: facts, departments, ledger row, dirty date; commits.

        ``parts``: numerator and denominator by department id, ``root`` for the province; ``codes``: the identifier
        codes that the response gives, by department id; ``month``: the first day of the month asked for.
        """
        load_id = uuid5(NAMESPACE_OID, f"{day} {month}")
        entity = "formality-online-payment-tree"
        window = ("month", month) if month else ("year", date(day.year, 1, 1))
        with self.connection.transaction():
            self.connection.execute(LOAD, [load_id, "national_portal", entity, day])
            for identity, pair in parts.items():
                row = [day, *window, identity, entity, identity == "root", *pair, load_id]
                self.connection.execute(STATISTIC, row)
            for identity, code in (codes or {}).items():
                self.connection.execute(DEPARTMENT, [identity, day, code, code, load_id])
            self.connection.execute(DIRTY_DATE, [load_id, "national_portal", day])

    def publish_office(self, day: date, code: str, sent: int, without_paper: int) -> None:
        """Write the rows of a publish of one unit's day: documents sent, and those without paper; commits."""
        load_id = uuid5(NAMESPACE_OID, f"{day} {code}")
        with self.connection.transaction():
            self.connection.execute(LOAD, [load_id, "eoffice", "van-ban", day])
            self.connection.execute(OFFICE, [code, day, sent, without_paper, day, load_id])
            self.connection.execute(DIRTY_DATE, [load_id, "eoffice", day])

    def compute(self, first: date | None = None, last: date | None = None, run_id: str = "this run") -> list[DateRange]:
        """Compute the days from ``first`` to ``last`` (``first`` alone: that day; none: the dirty dates only)."""
        days = DateRange.inclusive(first, last or first) if first else None
        return compute_attainment(self.connection, PROFILES, PROVINCE, days, run_id)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Every row of one query."""
        with self.connection.transaction():
            return self.connection.execute(statement.encode()).fetchall()
