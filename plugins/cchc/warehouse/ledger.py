"""The ledger: rows of ops.load, one for each load, and its status, which stands nowhere else.

The rows that come with a load (core, quarantine, dirty dates) belong to publish, the state of a run to ingest_runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import UUID, uuid4

import psycopg

from cchc.calendar import DateRange
from cchc.sources.load import Load
from cchc.sources.window import LoadScope
from cchc.warehouse.connection import run_file


@dataclass(frozen=True)
class LoadOutcome:
    """The status of a load and its counts of rows, as in ops.load."""

    status: str
    received: int
    accepted: int
    quarantined: int
    changed: int
    stop_rules: tuple[str, ...] = ()
    error: str | None = None

    def parameters(self) -> dict[str, Any]:
        """Parameters of include/sql/publish/ops.load.sql."""
        return {
            "status": self.status,
            "received_rows": self.received,
            "accepted_rows": self.accepted,
            "quarantined_rows": self.quarantined,
            "stop_rules": list(self.stop_rules),
            "error": self.error,
        }


def read_status(connection: psycopg.Connection, load: Load) -> str | None:
    """The status of a load in the ledger; None for a load that has no row yet."""
    row = connection.execute("select status from ops.load where load_id = %s", [load.load_id]).fetchone()
    return row[0] if row else None


def read_statuses(connection: psycopg.Connection, loads: Iterable[Load]) -> dict[UUID, str]:
    """Load id → status, for those of ``loads`` that have a row in the ledger."""
    rows = connection.execute(
        "select load_id, status from ops.load where load_id = any(%s)", [[load.load_id for load in loads]]
    ).fetchall()
    return dict(rows)


def has_ended(connection: psycopg.Connection, load: Load) -> bool:
    """Whether nothing is left to do for a load: it is published or, for a file, which doesn't change, stopped."""
    return read_status(connection, load) in load.scope.final_statuses


def write_load(connection: psycopg.Connection, load: Mapping[str, Any], outcome: LoadOutcome) -> None:
    """Write the ledger row of a load, in the current transaction. ``load``: the parameters of ops.load.sql it needs."""
    run_file(connection, "publish/ops.load.sql", {**load, **outcome.parameters()})


def record_failure(
    connection: psycopg.Connection, source: str, scope: LoadScope, day: date, run_id: str, error: str
) -> None:
    """Write a ledger row of status failed for a window that brought nothing usable; commits.

    Each failure has a row of its own, without a hash: no bytes name it. A file's row has the file's hash.
    """
    nothing = ("data_date", "archive_uri", "captured_at", "modified_at")
    parameters: dict[str, Any] = dict.fromkeys(nothing) | {"content_sha256": scope.key or None}
    parameters |= {
        "load_id": uuid4(), "source": source, "entity": scope.entity, "window_start": scope.start,
        "window_end": max(scope.start, min(scope.end, day)), "run_id": run_id, "started_at": datetime.now(UTC),
    }  # fmt: skip
    with connection.transaction():
        write_load(connection, parameters, LoadOutcome("failed", 0, 0, 0, 0, error=error))


def read_complete_windows(connection: psycopg.Connection, source: str, entity: str, day: date) -> list[DateRange]:
    """The days of the windows that runs for data dates before ``day`` have published.

    Windows of ``day`` itself are left out, so that its run plans the same windows however often it is repeated.
    """
    rows = connection.execute(
        "select distinct window_start, window_end from ops.load"
        " where source = %s and entity = %s and status = 'published' and data_date < %s",
        [source, entity, day],
    ).fetchall()
    return [DateRange.inclusive(start, end) for start, end in rows]


def list_ended_loads(connection: psycopg.Connection, source: str) -> frozenset[str]:
    """The archive URIs of the loads of a source that are published or stopped."""
    rows = connection.execute(
        "select archive_uri from ops.load where source = %s and status in ('published', 'stopped')", [source]
    ).fetchall()
    return frozenset(uri for (uri,) in rows if uri)


def archive_folder(uri: str) -> Path:
    """The folder that ``archive_uri`` of the ledger names."""
    return Path(url2pathname(urlsplit(uri).path))
