"""Rows put into staging as a load of its own, and moved on by the SQL files alone."""

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
class Telling:
    """What a source told on the night of ``reported_on``; ``verdicts``: of row numbers, rule and severity.

    ``modified_at``: when its file was last changed.
    """

    source: str
    reported_on: date
    rows: Sequence[Row]
    content_sha256: str = "00"
    verdicts: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    modified_at: datetime = datetime(2024, 1, 1, tzinfo=UTC)

    @property
    def load_id(self) -> UUID:
        """Derived from what was told when, as the pipeline's."""
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


def publish_telling(connection: psycopg.Connection, told: Telling, staging: str, core: str, measures: str) -> int:
    """Stage and publish; returns the rows of ``core`` that were made or changed."""
    refused = sum(severity != "info" for _, severity in told.verdicts.values())
    stage_rows(connection, staging, told.load_id, told.rows)
    verdicts = [
        {"load_id": told.load_id, "row_no": row_no, "rule_id": rule, "severity": severity}
        for row_no, (rule, severity) in told.verdicts.items()
    ]
    insert_rows(connection, "staging.rule_violation", verdicts)
    ledger = {
        "load_id": told.load_id, "source": told.source, "entity": "rows", "window_start": told.reported_on,
        "window_end": told.reported_on, "data_date": told.reported_on, "content_sha256": told.content_sha256,
        "modified_at": told.modified_at, "status": "published", "received_rows": len(told.rows),
        "accepted_rows": len(told.rows) - refused,
        "quarantined_rows": refused, "run_id": "tonight", "started_at": "2024-01-01 00:00:00+00",
    }  # fmt: skip
    insert_rows(connection, "ops.load", [ledger])
    changed = run_file(connection, f"publish/{core}.sql", ledger).rowcount
    run_file(connection, f"publish/dirty_date.{measures}.sql", ledger)
    return changed
