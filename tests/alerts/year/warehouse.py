"""The runs of the year in a warehouse: a test writes core as a publish leaves it, cchc does the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, cast
from uuid import NAMESPACE_OID, UUID, uuid5

import psycopg

from cchc.alerts.detection.evaluation import evaluate
from cchc.alerts.lifecycle import Alerting
from cchc.alerts.notification.channels.channel import Channel
from cchc.alerts.notification.dispatch import dispatch
from cchc.calendar import LOCAL, DateRange
from cchc.catalog import load_catalog
from cchc.indicators.attainment import compute_attainment
from cchc.sources.profile import Profile, read_profiles
from cchc.warehouse.catalog_sync import sync_catalog
from cchc.warehouse.ingest_runs import open_run
from simulator.agencies import ROOT_CODE, department_id
from tests.alerts.year.scenario import CATALOG, METRICS, PORTAL_ENTITIES, Scenario

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
DIRTY_DATE = "insert into ops.dirty_date (load_id, source, data_date) values (%s, %s, %s)"


def choose_hour(day: date, clock: time) -> datetime:
    """A time on the morning after ``day``."""
    return datetime.combine(day + timedelta(days=1), clock, LOCAL)


@dataclass
class YearWarehouse:
    """A warehouse that gets the year's reports. ``connection`` commits by itself; another can take its place."""

    connection: psycopg.Connection
    scenario: Scenario
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

    def run_day(self, run: date, morning_of: date | None = None) -> None:
        """The run for a day: publish, compute, evaluate, deliver at two hours; on the morning after ``morning_of``."""
        at = morning_of or run
        self.publish(run)
        compute_attainment(self.connection, self._profiles, ROOT_CODE, DateRange.inclusive(run, run), f"run {run}")
        evaluate(self.connection, self.alerting, choose_hour(at, time(5, 10)))
        for clock in (time(5, 10), time(7, 30)):
            self.deliver(choose_hour(at, clock))

    def deliver(self, now: datetime) -> None:
        """Compose what is due and send it."""
        dispatch(self.connection, self.alerting, self.channels, now)

    def publish(self, run: date) -> None:
        """Write the loads of a run, each once for any number of repetitions."""
        for source in SOURCES:
            open_run(self.connection, source, run, f"run {run}")
        with self.connection.transaction():
            self._publish_portal(run)
            self._publish_office(run)
            self._publish_payment(run)
            self._publish_returns(run)

    def _publish_portal(self, run: date) -> None:
        for entity in PORTAL_ENTITIES:
            if self.scenario.is_out(run):
                self._note_load("national_portal", entity, run, None, "failed")
            for day in self.scenario.list_days("national_portal", run):
                load_id = self._note_load("national_portal", entity, day, day)
                if load_id:
                    self._store_statistics(entity, day, load_id)
                    self._store_departments(day, load_id)
                    self.connection.execute(DIRTY_DATE, [load_id, "national_portal", day])

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
                    self.scenario.list_flags(metric, day, code),
                    load_id,
                ]
                for metric, (*_, of_entity) in METRICS.items()
                if of_entity == entity
                for code, parts in self.scenario.list_parts(metric, day).items()
            ),
        )

    def _store_departments(self, day: date, load_id: UUID) -> None:
        agencies = self.scenario.values.valid_agencies(day).items()
        self._store_rows(
            DEPARTMENT,
            ([department_id(code), day, code, a.name, a.level, code == ROOT_CODE, load_id] for code, a in agencies),
        )

    def _publish_office(self, run: date) -> None:
        unit_days = list(self.scenario.list_unit_days(run))
        load_id = self._note_load("eoffice", "van-ban", run, max((report.day for report in unit_days), default=None))
        if load_id and unit_days:
            self._store_rows(
                OFFICE,
                ([report.unit, report.day, report.sent, report.electronic, run, load_id] for report in unit_days),
            )
            self.connection.execute(DIRTY_DATE, [load_id, "eoffice", min(report.day for report in unit_days)])

    def _publish_payment(self, run: date) -> None:
        load_id = self._note_load("treasury", "giai-ngan", run, run)
        if load_id:
            self.connection.execute(PAYMENT, [run, self.scenario.plan, self.scenario.paid[run], run, load_id])
            self.connection.execute(DIRTY_DATE, [load_id, "treasury", run])

    def _publish_returns(self, run: date) -> None:
        reports = self.scenario.list_inspections(run)
        done = [report for report in self.scenario.tasks_done if report.reported_on == run]
        days = [report.month_end for report in reports] + [report.done_on for report in done]
        load_id = self._note_load("returns", "return", run, max(days)) if days else None
        if load_id:
            self._store_rows(
                RETURN,
                (
                    [load_id, number, report.agency, *[report.month_end] * 3, int(report.is_inspected), run]
                    for number, report in enumerate(reports)
                ),
            )
            self._store_rows(
                TASK,
                ([load_id, 100 + n, report.task, report.agency, report.done_on, run] for n, report in enumerate(done)),
            )
            self.connection.execute(DIRTY_DATE, [load_id, "returns", min(days)])

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
            "run_id": f"run {data_date}",
        }
        return load_id if self.connection.execute(LOAD, parameters).rowcount else None

    def _store_rows(self, statement: str, rows: Iterable[list[Any]]) -> None:
        with self.connection.cursor() as cursor:
            cursor.executemany(cast("Any", statement), list(rows))
