"""The steps of an ingest run without Airflow: an answer is archived, staged, audited, published."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

import psycopg

from cchc.calendar import LOCAL
from cchc.local.checksum import compute_checksum
from cchc.quality.audit import RuleResult, audit
from cchc.sources.http import Response
from cchc.sources.load import Load
from cchc.sources.profile import Profile
from cchc.sources.raw_archive import Archive
from cchc.sources.window import Window
from cchc.warehouse.connection import LOADER, Login, connect
from cchc.warehouse.ledger import LoadOutcome
from cchc.warehouse.publish import publish
from cchc.warehouse.staging import stage
from simulator.agencies import ROOT_CODE, ROOT_DEPARTMENT_ID, read_agencies
from simulator.faults import Fault, alter_payload, alter_query
from simulator.periods import Period
from simulator.values import Values
from simulator.wire import Payload, Query, encode_payload, write_payload
from tests.conftest import Warehouse

DAY = date(2024, 6, 29)
RUN = "ingest_national_portal/manual__1"
CORE = ("portal_department", "portal_statistic")


@cache
def draw_values() -> Values:
    """The simulated values of the province that all these tests use."""
    return Values(1, 50_000, read_agencies())


def choose_window(endpoint: str, day: date, month: int | None = None) -> Window:
    """The year of ``day``, or one of its months."""
    if month is None:
        return Window(endpoint, "year", date(day.year, 1, 1), date(day.year, 12, 31))
    return Window(endpoint, "month", date(day.year, month, 1), date(day.year, month, monthrange(day.year, month)[1]))


def answer(
    endpoint: str, day: date = DAY, *, month: int | None = None, kind: str | None = None, **fault: Any
) -> Payload:
    """The simulator's answer at the end of ``day``, with a fault of ``kind`` in it."""
    window = choose_window(endpoint, day, month)
    wanted = Fault(kind=kind, **fault) if kind else None
    query = Query(endpoint, Period(window.period, window.start, window.end), 1, 1000, day)  # type: ignore[arg-type]
    return alter_payload(write_payload(draw_values(), alter_query(query, wanted)), wanted)


@dataclass(repr=False)
class Pipeline:
    """``warehouse`` is fresh; ``profile`` may be changed by a test."""

    warehouse: Warehouse
    archive: Archive
    profile: Profile

    @property
    def login(self) -> Login:
        """The login of the loader."""
        server = self.warehouse.server
        return Login(server.host, server.port, self.warehouse.database, LOADER, server.credentials[LOADER])

    @contextmanager
    def connect(self) -> Iterator[psycopg.Connection]:
        """A connection as the loader."""
        with connect(self.login) as connection:
            yield connection

    def keep(self, endpoint: str, body: Payload | bytes, day: date = DAY, *, month: int | None = None) -> Load:
        """Archive an answer as captured at 04:30 of the next day."""
        window = choose_window(endpoint, day, month)
        response = Response(
            url=f"https://portal.example/{endpoint}",
            request={"rootDepartmentId": ROOT_DEPARTMENT_ID},
            status=201,
            content_type="application/json",
            body=body if isinstance(body, bytes) else encode_payload(body),
            captured_at=datetime.combine(day + timedelta(days=1), time(4, 30), LOCAL),
        )
        return Load(self.profile.source, window, self.archive.keep(window.name, day, [response]))

    def stage(self, load: Load) -> int:
        """Stage a load; returns its rows."""
        with self.connect() as connection:
            return stage(connection, self.profile, load, ROOT_CODE)

    def prepare(self, load: Load) -> Load:
        """Stage and audit."""
        with self.connect() as connection:
            stage(connection, self.profile, load, ROOT_CODE)
            connection.commit()
            self.audit(connection, load)
        return load

    def audit(self, connection: psycopg.Connection, load: Load) -> list[RuleResult]:
        """Audit what is staged."""
        return audit(connection, self.login, self.profile, [load], RUN)

    def publish(self, load: Load) -> LoadOutcome:
        """Publish a prepared load."""
        with self.connect() as connection:
            return publish(connection, self.profile, load, RUN)

    def run(self, endpoint: str, body: Payload | bytes, day: date = DAY, *, month: int | None = None) -> LoadOutcome:
        """Archive an answer, stage, audit and publish it."""
        return self.publish(self.prepare(self.keep(endpoint, body, day, month=month)))

    def query(self, statement: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """All rows of one query, as the owner."""
        return self.warehouse.query(statement, parameters)

    def count(self, table: str) -> int:
        """Rows of a table."""
        return int(self.query(f"select count(*) from {table}")[0][0])

    def checksum(self) -> dict[str, tuple[int, str]]:
        """The checksum of each table of core that loads of the portal fill."""
        with self.connect() as connection:
            return {table: compute_checksum(connection, "core", table) for table in CORE}

    def execute(self, statement: str) -> None:
        """Run statements as the owner."""
        with psycopg.connect(self.warehouse.url("cchc_owner")) as connection:
            connection.execute(statement.encode())
