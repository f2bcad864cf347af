"""Rows put into staging as a load of their own, and published by the SQL files alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import psycopg
from psycopg import sql

from cchc.warehouse.connection import run_file

Row = dict[str, Any]


@dataclass(frozen=True)
class Report:
    """Rows that a source reported on ``reported_on``, as one load.

    ``violations``: row number → rule and severity. ``modified_at``: when the load's file was last changed.
    """

    source: str
    reported_on: date
    rows: Sequence[Row]
    content_sha256: str = "00"
    violations: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    modified_at: datetime = datetime(2024, 1, 1, tzinfo=UTC)

    @property
    def load_id(self) -> UUID:
        """Derived from source, day and hash, as the pipeline's."""
        return uuid5(NAMESPACE_OID, f"{self.source} {self.reported_on} {self.content_sha256}")


def insert_rows(connection: psycopg.Connection, table: str, rows: Sequence[Row]) -> None:
    """Insert rows that name the columns they fill."""
    for row in rows:
        command = sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(*table.split(".")),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        )
        connection.execute(command, list(row.values()))


def stage_rows(connection: psycopg.Connection, table: str, load_id: UUID, rows: Sequence[Row]) -> None:
    """Stage rows, numbered from 1."""
    numbered: list[Row] = [
        {"load_id": load_id, "row_no": number, "pointer": f"row {number}", **row} for number, row in enumerate(rows, 1)
    ]
    insert_rows(connection, table, numbered)


def publish_report(connection: psycopg.Connection, report: Report, staging: str, core: str, measures: str) -> int:
    """Stage and publish; returns the rows of ``core`` that were made or changed."""
    rejected = sum(severity != "info" for _, severity in report.violations.values())
    stage_rows(connection, staging, report.load_id, report.rows)
    violations = [
        {"load_id": report.load_id, "row_no": row_no, "rule_id": rule, "severity": severity}
        for row_no, (rule, severity) in report.violations.items()
    ]
    insert_rows(connection, "staging.rule_violation", violations)
    ledger = {
        "load_id": report.load_id, "source": report.source, "entity": "rows", "window_start": report.reported_on,
        "window_end": report.reported_on, "data_date": report.reported_on, "content_sha256": report.content_sha256,
        "modified_at": report.modified_at, "status": "published", "received_rows": len(report.rows),
        "accepted_rows": len(report.rows) - rejected,
        "quarantined_rows": rejected, "run_id": "test", "started_at": "2024-01-01 00:00:00+00",
    }  # fmt: skip
    insert_rows(connection, "ops.load", [ledger])
    changed = run_file(connection, f"publish/{core}.sql", ledger).rowcount
    run_file(connection, f"publish/dirty_date.{measures}.sql", ledger)
    return changed
