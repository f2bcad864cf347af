"""Publish: one transaction from staged and judged rows to core, quarantine and ledger.

Killed anywhere before its end, it leaves nothing.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg

from cchc.quality.audit import is_audited
from cchc.sources.load import Load
from cchc.sources.profile import Profile
from cchc.sources.rules import read_rule_fields
from cchc.sources.window import Window
from cchc.warehouse.connection import run_file, take_lock

log = logging.getLogger(__name__)


class NotAuditedError(Exception):
    """The load has no verdicts, so nothing may be published from it: stage and audit it first."""


class LoadStoppedError(Exception):
    """The audit stopped the load: core stays as it was, its rows are in quarantine, the ledger says so."""


@dataclass(frozen=True)
class Outcome:
    """What a publish did; row counts as in ops.load."""

    status: str
    received: int
    accepted: int
    quarantined: int
    changed: int
    stop_rules: tuple[str, ...] = ()
    error: str | None = None


def read_status(connection: psycopg.Connection, load: Load) -> str | None:
    """The ledger's status of this load; None when it has never ended."""
    row = connection.execute("select status from ops.load where load_id = %s", [load.load_id]).fetchone()
    return row[0] if row else None


def has_ended(connection: psycopg.Connection, load: Load) -> bool:
    """Whether nothing is left to do for a load: it is published or, of a file, which doesn't change, stopped."""
    ends = ("published", "stopped") if load.window.period == "file" else ("published",)
    return read_status(connection, load) in ends


def publish(connection: psycopg.Connection, profile: Profile, load: Load, run_id: str) -> Outcome:
    """Publish the accepted rows of a staged and audited load, or stop it; commits.

    Raises NotAuditedError when the verdicts aren't there. A load that is published already is left alone.
    """
    started_at = datetime.now(UTC)
    with connection.transaction():
        take_lock(connection, f"publish {load.source}")
        # A load has no statistics when it arrives: a nested loop over its rows would take minutes.
        connection.execute("set local enable_nestloop = off")
        if read_status(connection, load) == "published":
            return Outcome("published", 0, 0, 0, 0)
        if not is_audited(connection, load):
            raise NotAuditedError(f"{load.window.name}, load {load.load_id}: not audited")
        outcome = _judge(connection, profile, load)
        parameters = {**load.parameters(), **_ledger_values(outcome), "run_id": run_id, "started_at": started_at}
        run_file(connection, "publish/ops.load.sql", parameters)
        changed = _move_rows(connection, profile, outcome, parameters)
        run_file(connection, "publish/ops.load_changed.sql", parameters | {"changed_rows": changed})
        run_file(connection, "publish/staging_cleared.sql", parameters)
    return replace(outcome, changed=changed)


def record_failure(
    connection: psycopg.Connection, source: str, window: Window, day: date, run_id: str, error: str
) -> None:
    """Write the ledger row of a window that brought nothing usable; commits. Told again by each run that fails.

    That of a file has its hash, by which it is known.
    """
    nothing = ("data_date", "archive_uri", "captured_at", "modified_at")
    parameters: dict[str, Any] = dict.fromkeys(nothing) | {"content_sha256": window.key or None}
    parameters |= {
        "load_id": uuid4(), "source": source, "entity": window.entity, "window_start": window.start,
        "window_end": max(window.start, min(window.end, day)), "run_id": run_id, "started_at": datetime.now(UTC),
    }  # fmt: skip
    with connection.transaction():
        values = _ledger_values(Outcome("failed", 0, 0, 0, 0, error=error))
        run_file(connection, "publish/ops.load.sql", parameters | values)


def _move_rows(connection: psycopg.Connection, profile: Profile, outcome: Outcome, parameters: dict[str, Any]) -> int:
    rule_fields = json.dumps(read_rule_fields(f"{profile.staging}_{profile.rows}"))
    run_file(connection, "publish/ops.quarantine.sql", parameters | {"rule_fields": rule_fields})
    if outcome.status != "published":
        return 0
    run_file(connection, "publish/ops.file_key.sql", parameters)
    changed = sum(run_file(connection, f"publish/{name}.sql", parameters).rowcount for name in profile.publish)
    run_file(connection, "publish/ops.quarantine_resolved.sql", parameters)
    run_file(connection, f"publish/dirty_date.{profile.measures}.sql", parameters)
    return changed


def _judge(connection: psycopg.Connection, profile: Profile, load: Load) -> Outcome:
    parameters: dict[str, UUID] = {"load_id": load.load_id}
    row = run_file(connection, "publish/ops.load_judgement.sql", parameters).fetchone()
    received, refused, stop_rules, is_whole = row or (0, 0, [], False)
    if not is_whole:
        raise NotAuditedError(f"{load.window.name}, load {load.load_id}: its staged rows are not all there")
    if not stop_rules and refused > received * profile.max_rejected_share:
        stop_rules = ["too_many_rejected"]
    if not stop_rules:
        return Outcome("published", received, received - refused, refused, 0)
    return Outcome(
        "stopped",
        received,
        0,
        received,
        0,
        tuple(stop_rules),
        _explain_stop(connection, load, stop_rules, received, refused),
    )


def _explain_stop(
    connection: psycopg.Connection, load: Load, stop_rules: list[str], received: int, refused: int
) -> str:
    """What stopped the load, for the person who must act: rules, examples, the request or file, where the bytes are."""
    examples = connection.execute(
        "select s.row_key || ' (' || string_agg(v.rule_id, ', ' order by v.rule_id) || ')'"
        " from staging.rule_violation as v inner join staging.staged_row as s on v.load_id = s.load_id and v.row_no = s.row_no"
        " where v.load_id = %s and v.severity = 'warning' group by s.row_key order by s.row_key limit 5",
        [load.load_id],
    ).fetchall()
    named = f": {'; '.join(example for (example,) in examples)}" if examples else ""
    page = load.capture.pages[0]
    origin = (
        f"file {page.url}" if load.window.period == "file" else f"POST {page.url} {page.request}; HTTP {page.status}"
    )
    return (
        f"{load.window.label}, describing {load.data_date}: stopped by {', '.join(stop_rules)}; {received} rows to"
        f" quarantine, {refused} of them with rules of their own{named}. {origin}; bytes kept in {load.capture.folder}"
    )


def _ledger_values(outcome: Outcome) -> dict[str, Any]:
    return {
        "status": outcome.status,
        "received_rows": outcome.received,
        "accepted_rows": outcome.accepted,
        "quarantined_rows": outcome.quarantined,
        "stop_rules": list(outcome.stop_rules),
        "error": outcome.error,
    }
