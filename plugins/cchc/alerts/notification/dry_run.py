"""The dry run of a day's alerts: its messages, and the reasons for silence. ``make alerts-dry-run`` prints it.

It evaluates as a run does and rolls everything back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

import psycopg

from cchc.alerts.detection.detector import choose_kinds
from cchc.alerts.detection.evaluation import evaluate
from cchc.alerts.detection.results import (
    Indicators,
    Result,
    has_few_cases,
    is_single_answer,
    list_reasons,
    read_indicators,
    read_results_of_day,
)
from cchc.alerts.detection.states import AlertStates, read_states
from cchc.alerts.lifecycle import Alerting
from cchc.alerts.model import FACTS, QUIET_STEPS, AlertEvent, IndicatorKind
from cchc.alerts.notification.dispatch import write_message
from cchc.alerts.recipients import Recipient, strip_foreign
from cchc.calendar import LOCAL
from cchc.warehouse.connection import run_file

MAX_NAMED = 10  # subjects listed for one reason
SUPPRESSED, UNWANTED = "history that is only being rebuilt", "no recipient wants it"


@dataclass(frozen=True)
class _Step:
    """A step of the day. ``suppressed_reason``: why nobody is notified of its alert; None: people are."""

    subject: str
    suppressed_reason: str | None
    noted_at: datetime
    event: AlertEvent


def preview_day(connection: psycopg.Connection, alerting: Alerting, day: date, now: datetime) -> Iterator[str]:
    """Lines about the run for ``day``: each message with recipient and hour, then alerts and results without one.

    The messages are those that today's recipients would get, whoever was notified then. For the newest day they include
    the findings of an evaluation now. Nothing is written or sent.
    """
    with connection.transaction(force_rollback=True):
        evaluate(connection, alerting, now)
        steps = _read_steps(connection, alerting, day)
        yield from _list_messages(connection, alerting, day, steps)
        yield from _list_without_recipient(alerting, steps)
        yield from _list_without_alert(connection, alerting, day)


def _read_steps(connection: psycopg.Connection, alerting: Alerting, day: date) -> list[_Step]:
    rows = run_file(connection, "alerts/steps_of_day.sql", {"province": alerting.province, "day": day}).fetchall()
    steps = []
    for subject, suppressed_reason, noted_at, *columns, facts, opened_facts in rows:
        known = [stored and FACTS.validate_python(stored) for stored in (facts, opened_facts)]
        steps.append(_Step(subject, suppressed_reason, noted_at, AlertEvent(*columns, *known)))
    return [step for step in steps if step.event.step not in QUIET_STEPS]


def _list_messages(connection: psycopg.Connection, alerting: Alerting, day: date, steps: list[_Step]) -> Iterator[str]:
    messages = [
        (recipient, is_urgent, own)
        for recipient in alerting.recipients
        for is_urgent in (True, False)
        if (own := [step for step in steps if step.event.is_urgent is is_urgent and _is_for(recipient, step)])
    ]
    yield f"Run of {day}: {len(messages)} messages"
    for recipient, is_urgent, own in messages:
        events = [strip_foreign(step.event, recipient) for step in own]
        content = write_message(connection, alerting, recipient, events, is_urgent=is_urgent)
        due_at = max(recipient.choose_due(is_urgent, step.noted_at, alerting.working_days) for step in own)
        hour = f"{due_at.astimezone(LOCAL):%Y-%m-%d %H:%M}"
        yield f"\n== to {recipient.id} ({recipient.audience}) by {recipient.channel}, at {hour}: {content.subject}"
        yield content.body_text


def _is_for(recipient: Recipient, step: _Step) -> bool:
    gets_step = step.event.step != "escalated" or recipient.gets_escalations
    return step.suppressed_reason is None and gets_step and recipient.wants(step.event)


def _list_without_recipient(alerting: Alerting, steps: list[_Step]) -> Iterator[str]:
    """The alerts of the day that go to nobody."""
    silent = [
        (f"{step.event.kind}, {SUPPRESSED if step.suppressed_reason else UNWANTED}", step.subject)
        for step in steps
        if step.event.step == "opened" and not any(_is_for(recipient, step) for recipient in alerting.recipients)
    ]
    if silent:
        yield f"\nOpened, and nobody is notified: {len(silent)}"
    yield from _list_by_reason(silent)


def _list_without_alert(connection: psycopg.Connection, alerting: Alerting, day: date) -> Iterator[str]:
    """The results of the day that are missed or behind and opened no alert, by reason."""
    explainer = _Explainer(
        alerting, read_indicators(connection, alerting.province), read_states(connection, alerting.province)
    )
    rows = run_file(connection, "alerts/alerts_of_day.sql", {"province": alerting.province, "day": day}).fetchall()
    alerts = {(kind, subject): (found_on, is_notified) for kind, subject, found_on, is_notified in rows}
    silent = []
    for result in read_results_of_day(connection, alerting.province, alerting.rules.variants, day):
        for kind in _list_bad(result):
            found_on, is_notified = alerts.get((kind, result.series.subject), (None, False))
            if found_on is None:
                reason = explainer.explain(kind, result)
            else:
                reason = "notified before, and not over" if is_notified else "suppressed before, and not over"
            if found_on != day:
                silent.append((f"{kind}, {reason}", f"{result.indicator_code} {result.agency_code}"))
    yield f"\nMissed or behind, without an alert of that day: {len(silent)}"
    yield from _list_by_reason(silent)


def _list_bad(result: Result) -> Iterator[IndicatorKind]:
    if result.status == "missed":
        yield "missed"
    if result.pace_status == "behind":
        yield "behind"


def _list_by_reason(items: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A line for each reason, with the number of its items and the first of them."""
    by_reason: dict[str, list[str]] = {}
    for reason, name in items:
        by_reason.setdefault(reason, []).append(name)
    for reason, names in sorted(by_reason.items()):
        more = f" … {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
        yield f"  {reason}: {len(names)} ({', '.join(names[:MAX_NAMED])}{more})"


@dataclass(frozen=True)
class _Explainer:
    """Explains why a result that is missed or behind has opened no alert."""

    alerting: Alerting
    indicators: Indicators
    states: AlertStates

    def explain(self, kind: IndicatorKind, result: Result) -> str:
        """The reason, in a few words."""
        rules, series = self.alerting.rules, result.series
        indicator = self.indicators[series.plan_year, series.indicator_code, series.variant]
        if kind not in choose_kinds(series, indicator, self.alerting.province) or is_single_answer(result, indicator):
            return "no alert rule"
        reasons = list_reasons(result, indicator, rules)
        if reasons:
            return f"can't be judged: {', '.join(reasons)}"
        if has_few_cases(result, indicator, rules):
            return f"fewer than {rules.least_denominator} cases"
        state = self.states[kind].get(series)
        if state is None or (not state.detection.is_armed and state.detection.episode is None):
            return "never attained this year"
        return f"not confirmed by {rules.confirmed_by_data_days} data days"
