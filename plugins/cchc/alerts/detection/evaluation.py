"""The evaluation of a run: alerts are opened, ended and escalated by what has changed since the last evaluation.

It is one transaction with its watermark: an evaluation that is killed leaves nothing, and the next one repeats it.
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

from cchc.alerts.detection.deadlines import evaluate_sources, evaluate_tasks
from cchc.alerts.detection.detector import Detection, Detector
from cchc.alerts.detection.episodes import Episode
from cchc.alerts.detection.escalation import escalate
from cchc.alerts.detection.facts import FactsBuilder
from cchc.alerts.detection.matching import Ending, KnownAlert, match_episodes
from cchc.alerts.detection.results import Result, read_changed_results, read_indicators
from cchc.alerts.detection.states import KINDS, read_states, store_states
from cchc.alerts.lifecycle import HISTORY, Alerting, AlertLifecycle, NewAlert, OpenAlert
from cchc.alerts.model import Severity
from cchc.alerts.rules import Rules
from cchc.calendar import LOCAL, newest_complete_day
from cchc.warehouse.connection import run_file, take_lock

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evaluation:
    """The outcome of an evaluation: its newest day, the number of changed results read, and the numbers of alerts
    opened, suppressed among these, and ended."""

    day: date | None
    changed: int = 0
    opened: int = 0
    suppressed: int = 0
    ended: int = 0


def evaluate(connection: psycopg.Connection, alerting: Alerting, now: datetime) -> Evaluation:
    """Open, end and escalate alerts by what has changed, with the notifications of each step; commits.

    Results of a day that isn't over at ``now`` are skipped: a mistake computed them, and they must end no alert.
    """
    province, history_days = alerting.province, timedelta(days=alerting.rules.history_days)
    with connection.transaction():
        # Attainment and evaluation exclude each other: no change becomes visible behind the watermark.
        take_lock(connection, "attain")
        newest = newest_complete_day(now)
        progress = _read_progress(connection, province, newest)
        if progress.day is None:
            return Evaluation(None)
        is_old_day = now.astimezone(LOCAL).date() - progress.day > history_days
        evaluated_since = progress.evaluated_since or (None if is_old_day else progress.day)
        lifecycle = AlertLifecycle(connection, alerting, now, is_old_day)
        history_before = (evaluated_since or progress.day) - history_days
        indicators, names = read_indicators(connection, province), _read_names(connection, progress.day)
        builder = FactsBuilder(connection, province, indicators, alerting.rules, names)
        evaluation = _SeriesEvaluation(lifecycle, builder, progress.day, history_before)
        with closing(read_changed_results(connection, province, alerting.rules.variants, newest)) as results:
            evaluation.evaluate(results)
        evaluate_tasks(lifecycle, names, progress.day, history_before)
        evaluate_sources(lifecycle, progress.day)
        escalate(lifecycle, progress.day)
        run_file(
            connection,
            "alerts/store_watermark.sql",
            {"province": province, "change_id": progress.changed, "evaluated_since": evaluated_since, "now": now},
        )
        counts = _count_steps(connection, province, progress.step)
        outcome = Evaluation(progress.day, progress.changed - progress.evaluated, *counts)
    log.info(
        "alerts of %s: %d changed rows, %d alerts opened (%d of them suppressed), %d ended",
        outcome.day, outcome.changed, outcome.opened, outcome.suppressed, outcome.ended,
    )  # fmt: skip
    return outcome


@dataclass(frozen=True)
class _SeriesEvaluation:
    """The part of an evaluation that concerns series of results.

    ``day``: the newest day with results; episodes that began before ``history_before`` are history.
    """

    lifecycle: AlertLifecycle
    builder: FactsBuilder
    day: date
    history_before: date

    @property
    def _rules(self) -> Rules:
        return self.lifecycle.alerting.rules

    @property
    def _province(self) -> str:
        return self.lifecycle.alerting.province

    def evaluate(self, results: Iterable[Result]) -> None:
        """Detect episodes in the changed results, then match the alerts of each of their series."""
        states = read_states(self.lifecycle.connection, self._province)
        detector = Detector(self._province, self.builder.indicators, self._rules, states, self.day)
        detections = detector.detect(self.lifecycle.connection, results)
        store_states(self.lifecycle.connection, states, [(one.kind, one.series) for one in detections])
        alerts = {(alert.kind, alert.subject): alert for alert in self.lifecycle.read_open(KINDS)}
        resolved = self._read_resolved([one for one in detections if one.episodes])
        for one in detections:
            alert = alerts.get((one.kind, one.series.subject))
            if one.episodes or alert:
                self._match(one, alert, resolved[one.kind, one.series.subject])
        self._close_outdated(alerts.values())

    def _read_resolved(self, detections: list[Detection]) -> dict[tuple[str, str], list[KnownAlert]]:
        """The resolved alerts of the series that have episodes, by kind and subject."""
        resolved: dict[tuple[str, str], list[KnownAlert]] = defaultdict(list)
        rows = self.lifecycle.connection.execute(
            "select kind, subject, alert_id, began_on, resolved_on from ops.alert"
            " where province_code = %s and subject = any(%s) and status = 'resolved'",
            [self._province, list({one.series.subject for one in detections})],
        )
        for kind, subject, *alert in rows:
            resolved[kind, subject].append(KnownAlert(*alert))
        return resolved

    def _match(self, detection: Detection, alert: OpenAlert | None, resolved: list[KnownAlert]) -> None:
        if detection.newest.status is None:
            return  # its plan or population is gone, and no episode was undone: _close_outdated closes the alert
        known = [KnownAlert(alert.alert_id, alert.began_on)] if alert else []
        is_current = detection.newest.as_of_date == self.day
        changes = match_episodes(detection.episodes, [*known, *resolved], self.day, is_current=is_current)
        if alert:
            for ending in changes.endings:
                self._end(detection, alert, ending)
        if changes.moved:
            self.lifecycle.move(changes.moved.alert_id, changes.moved.began_on)
        if changes.reopened:
            facts = self.builder.build(detection.kind, detection.newest)
            self.lifecycle.reopen(changes.reopened.alert_id, self.day, facts)
        if changes.opened:
            self._open(detection, changes.opened)

    def _end(self, detection: Detection, alert: OpenAlert, ending: Ending) -> None:
        # Days that pass after a fall are no recovery, and a result that can be judged again was never wrong.
        is_quiet = detection.kind == "unknown" or (detection.kind == "drop" and ending.resolution == "recovered")
        facts = self.builder.build(detection.kind, detection.newest, with_change=False)
        self.lifecycle.end(alert, "closed" if is_quiet else ending.resolution, ending.resolved_on, self.day, facts)

    def _open(self, detection: Detection, episode: Episode) -> None:
        new = NewAlert(
            kind=detection.kind,
            subject=detection.series.subject,
            began_on=episode.began_on,
            as_of_date=self.day,
            facts=self.builder.build(detection.kind, detection.newest),
            severity=self._choose_severity(detection),
            suppressed_reason=HISTORY if episode.began_on < self.history_before else None,
            keys=detection.series._asdict(),
        )
        self.lifecycle.open(new)

    def _choose_severity(self, detection: Detection) -> Severity | None:
        """Urgent where the province is far below its target; None: as the rules set it."""
        gap = detection.newest.gap
        is_far = gap is not None and gap <= -self._rules.urgent_gap
        is_province = detection.series.agency_code == self._province
        return "urgent" if detection.kind == "missed" and is_province and is_far else None

    def _close_outdated(self, alerts: Iterable[OpenAlert]) -> None:
        """End alerts whose series has ended: the agency left the map or the population, or the year is over."""
        parameters = {"day": self.day, "province": self._province, "kinds": list(KINDS)}
        rows = run_file(self.lifecycle.connection, "alerts/current_alerts.sql", parameters).fetchall()
        current: set[UUID] = {alert_id for (alert_id,) in rows}
        for alert in alerts:
            if alert.alert_id not in current:
                self.lifecycle.end(alert, "closed", self.day, self.day)


def _read_names(connection: psycopg.Connection, day: date) -> dict[str, str]:
    rows = connection.execute(
        "select agency_code, name_vi from core.agency"
        " where valid_from <= %(day)s and (valid_to is null or %(day)s < valid_to)",
        {"day": day},
    )
    return dict(rows.fetchall())


@dataclass(frozen=True)
class _Progress:
    """How far results and evaluations are: the newest day with results that is over, the day of the first evaluation,
    the last change evaluated, the last change, the last step."""

    day: date | None
    evaluated_since: date | None
    evaluated: int
    changed: int
    step: int


def _read_progress(connection: psycopg.Connection, province: str, newest: date) -> _Progress:
    (row,) = run_file(connection, "alerts/progress.sql", {"province": province, "newest": newest}).fetchall()
    return _Progress(*row)


def _count_steps(connection: psycopg.Connection, province: str, after: int) -> tuple[int, int, int]:
    """The numbers of alerts opened, suppressed among these, and ended by the steps after ``after``."""
    row = run_file(connection, "alerts/step_counts.sql", {"province": province, "after": after}).fetchone()
    return row or (0, 0, 0)
