"""The outcome of a run by the ledger: which of its windows are missing, which have a flaw, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import psycopg

from cchc.sources.window import LoadScope
from cchc.warehouse.connection import run_file

MAX_REASONS = 10
NO_REASON = "the ledger has no reason: see the log of its task"


@dataclass(frozen=True)
class RecordedOutcome:
    """The columns of a row of ops.load that an outcome needs."""

    entity: str
    window_start: date
    window_end: date
    data_date: date | None
    content_sha256: str | None
    status: str
    error: str | None

    def is_of(self, scope: LoadScope, day: date) -> bool:
        """Whether the row belongs to ``scope`` of the run for ``day``; a file is known by its hash."""
        if scope.key:
            return self.content_sha256 == scope.key
        known_to = max(scope.start, min(scope.end, self.data_date or day))
        return (self.entity, self.window_start, self.window_end) == (scope.entity, scope.start, known_to)


@dataclass(frozen=True)
class RunOutcome:
    """The number of planned windows and files, and those with a reason by their label.

    ``missing``: why it isn't published; ``flawed``: what is wrong although it has ended.
    """

    planned: int
    missing: Mapping[str, str]
    flawed: Mapping[str, str]


def list_outcomes(
    connection: psycopg.Connection, source: str, run_id: str, scopes: Iterable[LoadScope]
) -> list[RecordedOutcome]:
    """The ledger's rows of the run, and those of the files among ``scopes``, the oldest first."""
    keys = [scope.key for scope in scopes if scope.key]
    parameters = {"source": source, "run_id": run_id, "keys": keys}
    return [RecordedOutcome(*row) for row in run_file(connection, "publish/run_outcomes.sql", parameters)]


def summarize_run(
    scopes: Sequence[LoadScope], ended: Collection[str], outcomes: Sequence[RecordedOutcome], day: date
) -> RunOutcome:
    """The outcome of a run with the planned ``scopes``; ``ended``: the names of those that its tasks report as done.

    A task that fails after its transaction has committed reports nothing: there the ledger decides.
    """
    missing: dict[str, str] = {}
    flawed: dict[str, str] = {}
    for scope in scopes:
        if scope.name in ended:
            continue
        own = [outcome for outcome in outcomes if outcome.is_of(scope, day)]
        ends = scope.final_statuses
        reasons = [outcome.error for outcome in own if outcome.status not in ends and outcome.error]
        if not any(outcome.status in ends for outcome in own):
            missing[scope.label] = reasons[-1] if reasons else NO_REASON
        elif reasons:
            flawed[scope.label] = reasons[-1]
    return RunOutcome(len(scopes), missing, flawed)


def describe_failures(outcome: RunOutcome) -> str:
    """Sentences that name the missing and flawed windows with their reasons; empty where there is none."""
    sentences = []
    if outcome.missing:
        count = f"{len(outcome.missing)} of {outcome.planned} windows not published"
        rest = ". The others are" if len(outcome.missing) < outcome.planned else ""
        sentences.append(f"{count}: {_list_reasons(outcome.missing)}{rest}.")
    if outcome.flawed:
        sentences.append(f"Accounted for, but: {_list_reasons(outcome.flawed)}.")
    return " ".join(sentences)


def _list_reasons(reasons: Mapping[str, str]) -> str:
    named = [
        reason if reason.startswith(label) else f"{label} ({reason})"
        for label, reason in list(reasons.items())[:MAX_REASONS]
    ]
    if len(reasons) > MAX_REASONS:
        named.append(f"and {len(reasons) - MAX_REASONS} more")
    return "; ".join(named)
