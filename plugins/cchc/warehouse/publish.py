"""Publish: one transaction from the staged, audited rows of a load to core, quarantine, dirty dates and the ledger.

A kill before its end leaves nothing. Publish neither stages nor audits: quality.judgement does, before it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg

from cchc.sources.load import Load
from cchc.sources.profile import Profile
from cchc.sources.rule_fields import read_rule_fields
from cchc.warehouse.connection import run_file, take_lock
from cchc.warehouse.ledger import LoadOutcome, read_status, write_load
from cchc.warehouse.staging import clear_staging, is_audited

# The rule that stops a load with more rejected rows than its profile allows; it belongs to no suite.
TOO_MANY_REJECTED = "too_many_rejected"


class NotAuditedError(Exception):
    """The load has no audit or not all of its staged rows, so that nothing of it is published."""


class LoadStoppedError(Exception):
    """The audit stopped the load: core stays as it was, all rows are in quarantine, the ledger's status is stopped."""


def publish(connection: psycopg.Connection, profile: Profile, load: Load, run_id: str) -> LoadOutcome:
    """Publish the accepted rows of a staged and audited load, or stop it; commits.

    A load that is published already stays as it is, with an outcome of 0 rows. Raises NotAuditedError for a load whose
    staged rows or audit aren't there; nothing is changed then.
    """
    started_at = datetime.now(UTC)
    with connection.transaction():
        take_lock(connection, f"publish {load.source}")
        # A load has no statistics when it arrives: a nested loop over its rows would take minutes.
        connection.execute("set local enable_nestloop = off")
        if read_status(connection, load) == "published":
            return LoadOutcome("published", 0, 0, 0, 0)
        if not is_audited(connection, load):
            raise NotAuditedError(f"{load.scope.name}, load {load.load_id}: not audited")
        outcome = _decide(connection, profile, load)
        parameters = {**load.parameters(), **outcome.parameters(), "run_id": run_id, "started_at": started_at}
        write_load(connection, parameters, outcome)
        changed = _move_rows(connection, profile, outcome, parameters)
        run_file(connection, "publish/ops.load_changed.sql", parameters | {"changed_rows": changed})
        clear_staging(connection, profile, load)
    return replace(outcome, changed=changed)


def _move_rows(
    connection: psycopg.Connection, profile: Profile, outcome: LoadOutcome, parameters: dict[str, Any]
) -> int:
    """Move the rows to quarantine and core, add the dirty date; returns how many rows of core changed."""
    rule_fields = json.dumps(read_rule_fields(profile.row_table))
    run_file(connection, "publish/ops.quarantine.sql", parameters | {"rule_fields": rule_fields})
    if outcome.status != "published":
        return 0
    run_file(connection, "publish/ops.file_key.sql", parameters)
    changed = sum(run_file(connection, name, parameters).rowcount for name in profile.publish_files)
    run_file(connection, "publish/ops.quarantine_resolved.sql", parameters)
    run_file(connection, profile.dirty_date_file, parameters)
    return changed


def _decide(connection: psycopg.Connection, profile: Profile, load: Load) -> LoadOutcome:
    """The outcome by the load's rule violations: published, or stopped with the rules that stop it."""
    row = run_file(connection, "publish/load_counts.sql", {"load_id": load.load_id}).fetchone()
    received, rejected, stop_rules, is_whole = row or (0, 0, [], False)
    if not is_whole:
        raise NotAuditedError(f"{load.scope.name}, load {load.load_id}: its staged rows are not all there")
    if not stop_rules and rejected > received * profile.max_rejected_share:
        stop_rules = [TOO_MANY_REJECTED]
    if not stop_rules:
        return LoadOutcome("published", received, received - rejected, rejected, 0)
    error = _explain_stop(connection, load, stop_rules, received, rejected)
    return LoadOutcome("stopped", received, 0, received, 0, tuple(stop_rules), error)


def _explain_stop(
    connection: psycopg.Connection, load: Load, stop_rules: list[str], received: int, rejected: int
) -> str:
    """Why the load stopped, for the person who must act: rules, examples, the request or file, where the bytes are."""
    rows = run_file(connection, "publish/rejected_examples.sql", {"load_id": load.load_id}).fetchall()
    examples = f": {'; '.join(example for (example,) in rows)}" if rows else ""
    return (
        f"{load.scope.label}, describing {load.data_date}: stopped by {', '.join(stop_rules)}; {received} rows to"
        f" quarantine, {rejected} of them with rules of their own{examples}. {load.describe_origin()}; bytes kept in"
        f" {load.capture.folder}"
    )
