"""A night's evaluation: what changed since the last is held against what was told, in one transaction.

Killed before its end it leaves nothing, the mark included: the next one finds the same.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from cchc.alerts.detection.deadlines import evaluate_sources, evaluate_tasks
from cchc.alerts.detection.detector import Watch, Watched
from cchc.alerts.detection.episodes import Turn
from cchc.alerts.detection.escalation import escalate
from cchc.alerts.detection.facts import Explainer
from cchc.alerts.detection.matching import KnownAlert, settle
from cchc.alerts.detection.results import Row, read_changed, read_entries
from cchc.alerts.detection.states import KINDS, read_memories, store_memories
from cchc.alerts.ledger import HISTORY, Alerting, Ledger, NewAlert, OpenAlert
from cchc.alerts.model import Severity
from cchc.alerts.rules import Rules
from cchc.calendar import LOCAL, newest_complete_day
from cchc.warehouse.connection import take_lock

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation did: the newest day, changed rows read, alerts opened (held back of them) and ended."""

    day: date | None
    changed: int = 0
    opened: int = 0
    held: int = 0
    ended: int = 0


def evaluate(connection: psycopg.Connection, alerting: Alerting, now: datetime) -> Evaluation:
    """Open, end and escalate alerts by what has changed, and note who is to be told; commits.

    A day that isn't over at ``now`` was computed by a mistake: it isn't looked at, so that it ends nothing.
    """
    province, history_days = alerting.province, timedelta(days=alerting.rules.history_days)
    with connection.transaction():
        # Attainments and evaluations one after another: no change becomes visible behind the mark.
        take_lock(connection, "attain")
        newest = newest_complete_day(now)
        marks = _read_marks(connection, province, newest)
        if marks.day is None:
            return Evaluation(None)
        is_old_night = now.astimezone(LOCAL).date() - marks.day > history_days
        watched_since = marks.watched_since or (None if is_old_night else marks.day)
        ledger = Ledger(connection, alerting, now, is_old_night)
        held_before = (watched_since or marks.day) - history_days
        entries, names = read_entries(connection, province), _read_names(connection, marks.day)
        explainer = Explainer(connection, province, entries, alerting.rules, names)
        cells = _CellEvaluation(ledger, explainer, marks.day, held_before)
        with closing(read_changed(connection, province, alerting.rules.variants, newest)) as rows:
            cells.evaluate(rows)
        evaluate_tasks(ledger, names, marks.day, held_before)
        evaluate_sources(ledger, marks.day)
        escalate(ledger, marks.day)
        connection.execute(
            "insert into ops.alert_watermark (province_code, change_id, watched_since, evaluated_at) values (%s, %s, %s, %s)"
            " on conflict (province_code) do update set change_id = excluded.change_id,"
            " watched_since = excluded.watched_since, evaluated_at = excluded.evaluated_at",
            [province, marks.changed, watched_since, now],
        )
        counts = _count_steps(connection, province, marks.step)
        outcome = Evaluation(marks.day, marks.changed - marks.evaluated, *counts)
    log.info(
        "alerts of %s: %d changed rows, %d alerts opened (%d of them held back), %d ended",
        outcome.day, outcome.changed, outcome.opened, outcome.held, outcome.ended,
    )  # fmt: skip
    return outcome


@dataclass(frozen=True)
class _CellEvaluation:
    """The part of an evaluation that is about cells. ``day``: the newest attained; turns that began before
    ``held_before`` are history."""

    ledger: Ledger
    explainer: Explainer
    day: date
    held_before: date

    @property
    def _rules(self) -> Rules:
        return self.ledger.alerting.rules

    @property
    def _province(self) -> str:
        return self.ledger.alerting.province

    def evaluate(self, rows: Iterable[Row]) -> None:
        """Fold the changed rows in, then settle the alerts of every cell that has turned or had."""
        memories = read_memories(self.ledger.connection, self._province)
        watch = Watch(self._province, self.explainer.entries, self._rules, memories, self.day)
        watched = watch.take_in(self.ledger.connection, rows)
        store_memories(self.ledger.connection, memories, [(said.kind, said.cell) for said in watched])
        alerts = {(alert.kind, alert.subject): alert for alert in self.ledger.read_open(KINDS)}
        known = self._read_known([said for said in watched if said.turns])
        for said in watched:
            alert = alerts.get((said.kind, said.cell.subject))
            if said.turns or alert:
                self._settle(said, alert, known[said.kind, said.cell.subject])
        self._close_gone(alerts.values())

    def _read_known(self, watched: list[Watched]) -> dict[tuple[str, str], list[KnownAlert]]:
        """The resolved alerts of cells that have turns, by kind and subject."""
        known: dict[tuple[str, str], list[KnownAlert]] = defaultdict(list)
        rows = self.ledger.connection.execute(
            "select kind, subject, alert_id, began_on, resolved_on from ops.alert"
            " where province_code = %s and subject = any(%s) and status = 'resolved'",
            [self._province, list({said.cell.subject for said in watched})],
        )
        for kind, subject, *alert in rows:
            known[kind, subject].append(KnownAlert(*alert))
        return known

    def _settle(self, said: Watched, alert: OpenAlert | None, resolved: list[KnownAlert]) -> None:
        if said.newest.status is None:
            return  # its rows are gone, with their plan or population: no turn was taken back, it is closed below
        known = [KnownAlert(alert.alert_id, alert.began_on)] if alert else []
        is_current = said.newest.as_of_date == self.day
        settlement = settle(said.turns, [*known, *resolved], self.day, is_current=is_current)
        for ending in settlement.endings:
            if alert:
                # That days go by after a fall is no recovery, and what is known again was never wrong.
                is_quiet = said.kind == "unknown" or (said.kind == "drop" and ending.resolution == "recovered")
                resolution = "closed" if is_quiet else ending.resolution
                facts = self.explainer.tell(said.kind, said.cell, said.newest, with_change=False)
                self.ledger.end(alert, resolution, ending.resolved_on, self.day, facts)
        if settlement.moved:
            self.ledger.move(settlement.moved.alert_id, settlement.moved.began_on)
        if settlement.reopened:
            facts = self.explainer.tell(said.kind, said.cell, said.newest)
            self.ledger.reopen(settlement.reopened.alert_id, self.day, facts)
        if settlement.opened:
            self._open(said, settlement.opened)

    def _open(self, said: Watched, turn: Turn) -> None:
        facts = self.explainer.tell(said.kind, said.cell, said.newest)
        new = NewAlert(
            kind=said.kind,
            subject=said.cell.subject,
            began_on=turn.began_on,
            as_of_date=self.day,
            facts=facts,
            severity=self._choose_severity(said),
            suppressed_reason=HISTORY if turn.began_on < self.held_before else None,
            keys=said.cell._asdict(),
        )
        self.ledger.open(new)

    def _choose_severity(self, said: Watched) -> Severity | None:
        """Urgent where the province is far below; else as the rules say."""
        gap = said.newest.gap
        is_far = gap is not None and gap <= -self._rules.urgent_gap
        return "urgent" if said.kind == "missed" and said.cell.agency_code == self._province and is_far else None

    def _close_gone(self, alerts: Iterable[OpenAlert]) -> None:
        """End what can turn no more: the agency left the map or the population, or the year is over."""
        current = self._read_current()
        for alert in alerts:
            if alert.alert_id not in current:
                self.ledger.end(alert, "closed", self.day, self.day)

    def _read_current(self) -> set[UUID]:
        """The open alerts whose cell has a row of its year on the newest day."""
        rows = self.ledger.connection.execute(
            "select l.alert_id, l.figure_year, l.plan_year, l.indicator_code, l.variant from ops.alert as l"
            " inner join mart.indicator_attainment as a on a.as_of_date = %(day)s and a.plan_year = l.plan_year"
            " and a.indicator_code = l.indicator_code and a.variant = l.variant and a.agency_code = l.agency_code"
            " where l.province_code = %(province)s and l.kind = any(%(kinds)s)",
            {"day": self.day, "province": self._province, "kinds": list(KINDS)},
        )
        return {
            alert_id
            for alert_id, figure_year, *entry in rows
            if tuple(entry) in self.explainer.entries
            and self.explainer.entries[tuple(entry)].figure_year(self.day) == figure_year
        }


def _read_names(connection: psycopg.Connection, day: date) -> dict[str, str]:
    rows = connection.execute(
        "select agency_code, name_vi from core.agency"
        " where valid_from <= %(day)s and (valid_to is null or %(day)s < valid_to)",
        {"day": day},
    )
    return dict(rows.fetchall())


@dataclass(frozen=True)
class _Marks:
    """The newest attained day that is over, since when is watched, the last change evaluated, the last there is, the
    last step."""

    day: date | None
    watched_since: date | None
    evaluated: int
    changed: int
    step: int


def _read_marks(connection: psycopg.Connection, province: str, newest: date) -> _Marks:
    cursor = connection.cursor(row_factory=class_row(_Marks)).execute(
        "select (select max(as_of_date) from mart.indicator_attainment"
        " where agency_code = %(province)s and as_of_date <= %(newest)s) as day,"
        " (select watched_since from ops.alert_watermark where province_code = %(province)s) as watched_since,"
        " coalesce((select change_id from ops.alert_watermark where province_code = %(province)s), 0) as evaluated,"
        " coalesce((select max(change_id) from ops.changed_result), 0) as changed,"
        " coalesce((select max(step_id) from ops.alert_step), 0) as step",
        {"province": province, "newest": newest},
    )
    (marks,) = cursor.fetchall()
    return marks


def _count_steps(connection: psycopg.Connection, province: str, after: int) -> tuple[int, int, int]:
    """Alerts opened, those of them that are held back, alerts ended."""
    row = connection.execute(
        "select count(*) filter (where s.step in ('opened', 'reopened')),"
        " count(*) filter (where s.step = 'opened' and not a.is_notified),"
        " count(*) filter (where s.step in ('resolved', 'withdrawn', 'closed'))"
        " from ops.alert_step as s inner join ops.alert as a on s.alert_id = a.alert_id"
        " where a.province_code = %s and s.step_id > %s",
        [province, after],
    ).fetchone()
    return row or (0, 0, 0)
