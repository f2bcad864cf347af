"""The year's nights in a warehouse: what arrives is put into core as a publish leaves it, the rest is the product's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, cast
from uuid import NAMESPACE_OID, UUID, uuid5

import psycopg

from cchc.alerts.detection.evaluation import evaluate
from cchc.alerts.ledger import Alerting
from cchc.alerts.notification.channels.channel import Channel
from cchc.alerts.notification.dispatch import dispatch
from cchc.calendar import LOCAL, DateRange
from cchc.catalog import load_catalog
from cchc.indicators.attainment import compute_attainment
from cchc.sources.profile import Profile, read_profiles
from cchc.warehouse.catalog_sync import sync_catalog
from cchc.warehouse.ingest_runs import open_run
from simulator.agencies import ROOT_CODE, department_id
from tests.alerts.year.scenario import CATALOG, METRICS, PORTAL_ENTITIES, Telling

SOURCES = ("national_portal", "eoffice", "treasury", "returns")
ENTITIES = {
    "national_portal": PORTAL_ENTITIES,
    "eoffice": ("van-ban",),
    "treasury": ("giai-ngan",),
    "returns": ("return",),
}

LOAD = """
insert into ops.load (
    load_id, source, entity, window_start, window_end, data_date, newest_day, content_sha256, status, run_id,
    started_at, captured_at
) values (
    %(load_id)s, %(source)s, %(entity)s, %(first)s, %(last)s, %(data_date)s, %(newest_day)s, %(entity)s, %(status)s,
    %(run_id)s, now(), now()
) on conflict (load_id) do nothing
"""
STATISTIC = """
insert into core.portal_statistic (
    source, data_date, period, period_start, metric, department_id, entity, is_root, numerator, denominator,
    quality_flags, load_id
) values ('national_portal', %s, 'year', '2024-01-01', %s, %s, %s, %s, %s, %s, %s, %s)
"""
DEPARTMENT = """
insert into core.portal_department (
    source, department_id, data_date, department_code, name_vi, level, is_root, load_ids
) values ('national_portal', %s, %s, %s, %s, %s, %s, array[%s::uuid])
on conflict do nothing
"""
OFFICE = """
insert into core.office_unit_day as c (
    source, agency_code, day, received, sent, sent_without_paper, sent_with_paper, processed_online, work_files,
    work_files_online, reported_on, content_sha256, load_id
) values ('eoffice', %s, %s, 0, %s, %s, 0, 0, 0, 0, %s, '', %s)
on conflict (source, agency_code, day) do update
set sent_without_paper = excluded.sent_without_paper, reported_on = excluded.reported_on, load_id = excluded.load_id
where c.reported_on < excluded.reported_on
"""
PAYMENT = """
insert into core.disbursement (
    source, budget_year, closed_on, project_code, fund_code, plan_kind, is_carried_over, effective_on, plan_vnd,
    carried_over_vnd, completed_vnd, advance_vnd, received_unit_vnd, reported_on, modified_at, content_sha256, load_id
) values (
    'treasury', 2024, %s, '7400001', '41', 'TTG', false, '2024-01-01', %s, 0, %s, 0, 1, %s, '2024-01-01', '', %s
)
"""
RETURN = """
insert into core.return_value (
    load_id, row_no, source, indicator_code, agency_code, period, period_start, period_end, numerator, denominator,
    reported_on, modified_at, content_sha256
) values (
    %s, %s, 'returns', 'II.2-2', %s, to_char(%s::date, 'YYYY-MM'), date_trunc('month', %s::date), %s, %s, 1, %s,
    '2024-01-01', ''
)
"""
TASK = """
insert into core.task_report (
    load_id, row_no, source, plan_year, task_code, agency_code, status, done_on, reported_on, modified_at,
    content_sha256
) values (%s, %s, 'returns', 2024, %s, %s, 'done', %s, %s, '2024-01-01', '')
"""
TOUCHED = "insert into ops.dirty_date (load_id, source, data_date) values (%s, %s, %s)"


def choose_hour(night: date, clock: time) -> datetime:
    """A time of the morning after the night's day."""
    return datetime.combine(night + timedelta(days=1), clock, LOCAL)


@dataclass
class YearWarehouse:
    """A warehouse in which the year is told. ``connection`` commits by itself; another can take its place."""

    connection: psycopg.Connection
    told: Telling
    alerting: Alerting
    channels: Mapping[str, Channel]

    def __post_init__(self) -> None:
        self._profiles: list[Profile] = read_profiles()

    def prepare(self) -> None:
        """The catalog, and which sources are expected."""
        sync_catalog(self.connection, load_catalog(CATALOG, ROOT_CODE))
        rows = [
            (p.source, e, p.name_vi, p.connection, p.allowed_delay_days) for p in self._profiles for e in p.entities
        ]
        with self.connection.cursor() as cursor:
            cursor.executemany(
                "insert into ops.source (source, entity, name_vi, connection, allowed_delay_days)"
                " values (%s, %s, %s, %s, %s)",
                [row for row in rows if row[1] in ENTITIES[row[0]]],
            )

    def run_night(self, night: date, morning_of: date | None = None) -> None:
        """Ingest, attain and evaluate, then deliver at two hours; on the morning after ``morning_of``, or ``night``."""
        at = morning_of or night
        self.publish(night)
        compute_attainment(
            self.connection, self._profiles, ROOT_CODE, DateRange.inclusive(night, night), f"night {night}"
        )
        evaluate(self.connection, self.alerting, choose_hour(at, time(5, 10)))
        for clock in (time(5, 10), time(7, 30)):
            self.deliver(choose_hour(at, clock))

    def deliver(self, now: datetime) -> None:
        """Compose what is due and send it."""
        dispatch(self.connection, self.alerting, self.channels, now)

    def publish(self, night: date) -> None:
        """What the night's loads leave, each once however often the night is run."""
        for source in SOURCES:
            open_run(self.connection, source, night, f"night {night}")
        with self.connection.transaction():
            self._publish_portal(night)
            self._publish_office(night)
            self._publish_payment(night)
            self._publish_returns(night)

    def _publish_portal(self, night: date) -> None:
        for entity in PORTAL_ENTITIES:
            if self.told.is_out(night):
                self._note_load("national_portal", entity, night, None, "failed")
            for day in self.told.list_days("national_portal", night):
                load_id = self._note_load("national_portal", entity, day, day)
                if load_id:
                    self._store_statistics(entity, day, load_id)
                    self._store_departments(day, load_id)
                    self.connection.execute(TOUCHED, [load_id, "national_portal", day])

    def _store_statistics(self, entity: str, day: date, load_id: UUID) -> None:
        self._store_rows(
            STATISTIC,
            (
                [
                    day,
                    metric,
                    department_id(code),
                    entity,
                    code == ROOT_CODE,
                    *parts,
                    self.told.list_flags(metric, day, code),
                    load_id,
                ]
                for metric, (*_, of_entity) in METRICS.items()
                if of_entity == entity
                for code, parts in self.told.list_parts(metric, day).items()
            ),
        )

    def _store_departments(self, day: date, load_id: UUID) -> None:
        agencies = self.told.figures.valid_agencies(day).items()
        self._store_rows(
            DEPARTMENT,
            ([department_id(code), day, code, a.name, a.level, code == ROOT_CODE, load_id] for code, a in agencies),
        )

    def _publish_office(self, night: date) -> None:
        unit_days = list(self.told.list_unit_days(night))
        load_id = self._note_load("eoffice", "van-ban", night, max((told.day for told in unit_days), default=None))
        if load_id and unit_days:
            self._store_rows(
                OFFICE, ([told.unit, told.day, told.sent, told.electronic, night, load_id] for told in unit_days)
            )
            self.connection.execute(TOUCHED, [load_id, "eoffice", min(told.day for told in unit_days)])

    def _publish_payment(self, night: date) -> None:
        load_id = self._note_load("treasury", "giai-ngan", night, night)
        if load_id:
            self.connection.execute(PAYMENT, [night, self.told.plan, self.told.paid[night], night, load_id])
            self.connection.execute(TOUCHED, [load_id, "treasury", night])

    def _publish_returns(self, night: date) -> None:
        reports = self.told.list_inspections(night)
        done = [report for report in self.told.tasks_done if report.reported_on == night]
        days = [report.month_end for report in reports] + [report.done_on for report in done]
        load_id = self._note_load("returns", "return", night, max(days)) if days else None
        if load_id:
            self._store_rows(
                RETURN,
                (
                    [load_id, number, told.agency, *[told.month_end] * 3, int(told.is_inspected), night]
                    for number, told in enumerate(reports)
                ),
            )
            self._store_rows(
                TASK,
                ([load_id, 100 + n, told.task, told.agency, told.done_on, night] for n, told in enumerate(done)),
            )
            self.connection.execute(TOUCHED, [load_id, "returns", min(days)])

    def _note_load(
        self, source: str, entity: str, data_date: date, newest_day: date | None, status: str = "published"
    ) -> UUID | None:
        """The load's identifier; None if the ledger has it already."""
        load_id = uuid5(NAMESPACE_OID, f"{source} {entity} {data_date}")
        parameters = {
            "load_id": load_id,
            "source": source,
            "entity": entity,
            "first": date(2024, 1, 1),
            "last": data_date,
            "data_date": data_date,
            "newest_day": newest_day,
            "status": status,
            "run_id": f"night {data_date}",
        }
        return load_id if self.connection.execute(LOAD, parameters).rowcount else None

    def _store_rows(self, statement: str, rows: Iterable[list[Any]]) -> None:
        with self.connection.cursor() as cursor:
            cursor.executemany(cast("Any", statement), list(rows))
