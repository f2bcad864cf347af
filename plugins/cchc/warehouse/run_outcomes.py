"""What became of the windows of a run, by the ledger: which are not published, which have a flaw, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import psycopg

from cchc.sources.window import Window
from cchc.warehouse.connection import run_file

MAX_REASONS = 10
NO_REASON = "the ledger has no reason: see the log of its task"


@dataclass(frozen=True)
class RecordedOutcome:
    """A row of ops.load, in the words of that table."""

    entity: str
    window_start: date
    window_end: date
    data_date: date | None
    content_sha256: str | None
    status: str
    error: str | None

    def is_of(self, window: Window, day: date) -> bool:
        """Whether the row is of a window of the run for ``day``: a file is known by its hash."""
        if window.period == "file":
            return self.content_sha256 == window.key
        known_to = max(window.start, min(window.end, self.data_date or day))
        return (self.entity, self.window_start, self.window_end) == (window.entity, window.start, known_to)


@dataclass(frozen=True)
class RunOutcome:
    """Label of a window → why it isn't published (``missing``), or what is wrong though it has ended (``flawed``)."""

    planned: int
    missing: Mapping[str, str]
    flawed: Mapping[str, str]


def list_outcomes(
    connection: psycopg.Connection, source: str, run_id: str, windows: Iterable[Window]
) -> list[RecordedOutcome]:
    """The ledger's rows of the run, and those of the files among ``windows``."""
    keys = [window.key for window in windows if window.period == "file"]
    parameters = {"source": source, "run_id": run_id, "keys": keys}
    return [RecordedOutcome(*row) for row in run_file(connection, "publish/run_outcomes.sql", parameters)]


def summarize_run(
    windows: Sequence[Window], ended: Collection[str], outcomes: Sequence[RecordedOutcome], day: date
) -> RunOutcome:
    """Tell what is missing of the planned ``windows``; ``ended``: the names of those with which all is well.

    A task that fails after its transaction has committed tells of no window: there the ledger decides.
    """
    missing: dict[str, str] = {}
    flawed: dict[str, str] = {}
    for window in windows:
        if window.name in ended:
            continue
        own = [outcome for outcome in outcomes if outcome.is_of(window, day)]
        ends = ("published", "stopped") if window.period == "file" else ("published",)
        reasons = [outcome.error for outcome in own if outcome.status not in ends and outcome.error]
        if not any(outcome.status in ends for outcome in own):
            missing[window.label] = reasons[-1] if reasons else NO_REASON
        elif reasons:
            flawed[window.label] = reasons[-1]
    return RunOutcome(len(windows), missing, flawed)


def describe_failures(outcome: RunOutcome) -> str:
    """What is missing or flawed and why, in sentences; nothing where all is well."""
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
