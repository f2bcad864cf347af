"""What a night tells and what it holds back, and why: the evaluation itself, rolled back (``make alerts-dry-run``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

import psycopg

from cchc.alerts.detection.detector import choose_kinds
from cchc.alerts.detection.evaluation import evaluate
from cchc.alerts.detection.results import (
    Cell,
    Entries,
    Row,
    has_few_cases,
    is_one_of_many,
    list_doubts,
    name_cell,
    read_day,
    read_entries,
)
from cchc.alerts.detection.states import Memories, read_memories
from cchc.alerts.ledger import QUIET_STEPS, URGENT_STEPS, Alerting
from cchc.alerts.model import FACTS, CellKind, Told
from cchc.alerts.notification.dispatch import write_message
from cchc.alerts.recipients import Recipient, strip_foreign
from cchc.calendar import LOCAL
from cchc.warehouse.connection import run_file

# Of the things that one reason holds for so many are named, the province's first.
NAMED = 10
HELD, UNWANTED = "history that is only being rebuilt", "no recipient wants it"


@dataclass(frozen=True)
class _Noted:
    """A step of the night. ``suppressed_reason``: why its alert is told to nobody, None: it is told."""

    subject: str
    suppressed_reason: str | None
    noted_at: datetime
    told: Told

    @property
    def is_urgent(self) -> bool:
        return self.told.severity == "urgent" and self.told.step in URGENT_STEPS


def rehearse(connection: psycopg.Connection, alerting: Alerting, day: date, now: datetime) -> Iterator[str]:
    """Lines about the night of ``day``: each message with its recipient and hour, then what nobody is told.

    The messages are those that the recipients of today would get, whoever was told then. Of the newest night also what
    an evaluation now would find. Nothing is written or sent.
    """
    with connection.transaction(force_rollback=True):
        evaluate(connection, alerting, now)
        noted = _read_noted(connection, alerting, day)
        yield from _tell_messages(connection, alerting, day, noted)
        yield from _tell_untold(alerting, noted)
        yield from _tell_silent(connection, alerting, day)


def _read_noted(connection: psycopg.Connection, alerting: Alerting, day: date) -> list[_Noted]:
    rows = run_file(connection, "alerts/steps_of_day.sql", {"province": alerting.province, "day": day}).fetchall()
    noted = []
    for subject, suppressed_reason, noted_at, *told, facts, opened_facts in rows:
        known = [stored and FACTS.validate_python(stored) for stored in (facts, opened_facts)]
        noted.append(_Noted(subject, suppressed_reason, noted_at, Told(*told, *known)))
    return [one for one in noted if one.told.step not in QUIET_STEPS]


def _tell_messages(connection: psycopg.Connection, alerting: Alerting, day: date, noted: list[_Noted]) -> Iterator[str]:
    letters = [
        (recipient, is_urgent, own)
        for recipient in alerting.recipients
        for is_urgent in (True, False)
        if (own := [one for one in noted if one.is_urgent is is_urgent and _is_for(recipient, one)])
    ]
    yield f"Night of {day}: {len(letters)} messages"
    for recipient, is_urgent, own in letters:
        told = [strip_foreign(one.told, recipient) for one in own]
        content = write_message(connection, alerting, recipient, told, is_urgent=is_urgent)
        due_at = max(recipient.choose_due(is_urgent, one.noted_at, alerting.working_days) for one in own)
        hour = f"{due_at.astimezone(LOCAL):%Y-%m-%d %H:%M}"
        yield f"\n== to {recipient.id} ({recipient.audience}) by {recipient.channel}, at {hour}: {content.subject}"
        yield content.body_text


def _is_for(recipient: Recipient, noted: _Noted) -> bool:
    is_above = noted.told.step != "escalated" or recipient.gets_escalations
    return noted.suppressed_reason is None and is_above and recipient.wants(noted.told)


def _tell_untold(alerting: Alerting, noted: list[_Noted]) -> Iterator[str]:
    """Alerts of the night that go to nobody."""
    untold = [
        (f"{one.told.kind}, {HELD if one.suppressed_reason else UNWANTED}", one.subject)
        for one in noted
        if one.told.step == "opened" and not any(_is_for(recipient, one) for recipient in alerting.recipients)
    ]
    if untold:
        yield f"\nOpened and told to nobody: {len(untold)}"
    yield from _list_by_reason(untold)


def _tell_silent(connection: psycopg.Connection, alerting: Alerting, day: date) -> Iterator[str]:
    """Cells on the wrong side of their line that night of which nothing was said: why not."""
    entries = read_entries(connection, alerting.province)
    memories = read_memories(connection, alerting.province)
    known: dict[tuple[str, str], tuple[date, bool]] = {
        (kind, subject): (found_on, is_notified)
        for kind, subject, found_on, is_notified in connection.execute(
            "select kind, subject, as_of_date, is_notified from ops.alert where province_code = %s and as_of_date <= %s"
            " and coalesce(resolved_on > %s, true)",
            [alerting.province, day, day],
        )
    }
    silent = []
    for row in read_day(connection, alerting.province, alerting.rules.variants, day):
        if (row.plan_year, row.indicator_code, row.variant) not in entries:
            continue  # it has left the plan since
        cell = name_cell(row, entries)
        for kind in _list_bad(row):
            found_on, is_notified = known.get((kind, cell.subject), (None, False))
            if found_on is None:
                reason = _explain(kind, row, cell, entries, memories, alerting)
            else:
                reason = "told before, and not over" if is_notified else "held back before, and not over"
            if found_on != day:
                silent.append((f"{kind}, {reason}", f"{row.indicator_code} {row.agency_code}"))
    yield f"\nMissed or behind, and nothing said that night: {len(silent)}"
    yield from _list_by_reason(silent)


def _list_bad(row: Row) -> Iterator[CellKind]:
    if row.status == "missed":
        yield "missed"
    if row.pace_status == "behind":
        yield "behind"


def _list_by_reason(items: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A line a reason, with how many things it holds for and the first of them."""
    by_reason: dict[str, list[str]] = {}
    for reason, name in items:
        by_reason.setdefault(reason, []).append(name)
    for reason, names in sorted(by_reason.items()):
        more = f" … {len(names) - NAMED} more" if len(names) > NAMED else ""
        yield f"  {reason}: {len(names)} ({', '.join(names[:NAMED])}{more})"


def _explain(kind: CellKind, row: Row, cell: Cell, entries: Entries, memories: Memories, alerting: Alerting) -> str:
    entry = entries[cell.plan_year, cell.indicator_code, cell.variant]
    if kind not in choose_kinds(cell, entry, alerting.province) or is_one_of_many(row, entry):
        return "not watched"
    doubts = list_doubts(row, entry, alerting.rules)
    if doubts:
        return f"can't be judged: {', '.join(doubts)}"
    if has_few_cases(row, entry, alerting.rules):
        return f"fewer than {alerting.rules.least_denominator} cases"
    memory = memories[kind].get(cell)
    if memory is None or (not memory.track.is_armed and memory.track.turn is None):
        return "never attained this year"
    return f"not confirmed by {alerting.rules.confirmed_by_data_days} data days"
