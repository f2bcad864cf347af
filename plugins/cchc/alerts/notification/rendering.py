"""Renders a message from alert events: subject line, plain text and HTML, in Vietnamese.

This module chooses the sentences; their words are in include/messages/alerts.yaml, the layouts in include/templates/.
The subject line has counts alone, and every fact is cleaned on its way into a sentence: names come from files that
strangers fill in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from cchc.alerts.model import (
    SEVERITIES,
    AlertEvent,
    Audience,
    Change,
    IndicatorFacts,
    OperatorFacts,
    RequiredRate,
    TaskFacts,
)
from cchc.alerts.notification.wording import Line, Wording, load_wording
from cchc.alerts.runbook import PAGES
from cchc.catalog.rows import PRIMARY
from cchc.messages import clean_text, fill
from cchc.presentation.formats_vi import (
    format_beside,
    format_day,
    format_difference,
    format_exact,
    format_number,
    format_signed,
    format_target,
)
from cchc.presentation.labels import label
from cchc.presentation.templates import open_templates

SHARE = "%"  # the unit whose differences are points
MAX_IN_FULL = 20  # items of a section: on the day after a due date two hundred agencies may be late
MAX_COUNTS = 3  # in a subject line, so that a phone shows it whole

# After these steps the alert goes on: the message shows the required rate and how to answer.
_ONGOING = {"opened", "reopened", "escalated"}

# The edge of a section; an unlisted one is bad.
_TONES = {
    "drop": "medium",
    "task_due_soon": "medium",
    "unknown": "medium",
    "source_late": "medium",
    "reconciliation": "medium",
    "recovered": "good",
    "task_done": "good",
    "mended": "good",
    "withdrawn": "good",
}


@dataclass(frozen=True)
class Content:
    """A message without its addresses: ``subject`` is one line."""

    subject: str
    body_text: str
    body_html: str


@dataclass(frozen=True)
class Section:
    """The words of a section. ``tone``: bad, medium or good, the colour of its edge."""

    title: str
    intro: str
    tone: str


@dataclass(frozen=True)
class Item:
    """One alert in a message."""

    title: str
    lines: tuple[Line, ...]


def render_message(  # noqa: PLR0913 - a message is framed by this much
    events: Sequence[AlertEvent],
    *,
    audience: Audience,
    province_name_vi: str,
    day: date,
    open_count: int,
    acknowledged_count: int,
    is_urgent: bool,
) -> Content:
    """One message to one recipient about the run for ``day``; the order of ``events`` makes no difference.

    ``open_count``, ``acknowledged_count``: the recipient's alerts that nobody, or somebody, has answered. Raises
    ValueError without events, or with an event for another audience: operators' alerts and performance never mix.
    """
    if not events or {event.audience for event in events} != {audience}:
        raise ValueError(f"a message to {audience} holds alerts for {audience} alone, and at least one")
    wording = load_wording()
    sections = _sort_into_sections(events, wording)
    frame = wording.frame(audience)
    context = {
        "heading": frame.heading,
        "opening": fill(frame.opening, province=province_name_vi, day=format_day(day)),
        "sections": [(_describe_section(key, wording), _describe_all(own, wording)) for key, own in sections.items()],
        "legend": wording.legend if any(map(_has_contributions, events)) else "",
        "footer": [
            fill(wording.followed, open=open_count, acknowledged=acknowledged_count),
            *([wording.answer] if any(event.step in _ONGOING for event in events) else []),
            *([frame.footer] if frame.footer else []),
        ],
    }
    prefix = frame.prefix + (wording.urgent if is_urgent else "")
    counts = _count(sections, wording)
    templates = open_templates()
    return Content(
        subject=fill(wording.subject, prefix=prefix, counts=counts, day=format_day(day)),
        body_text=templates.get_template("digest.txt.j2").render(context),
        body_html=templates.get_template("digest.html.j2").render(context),
    )


def _sort_into_sections(events: Sequence[AlertEvent], wording: Wording) -> dict[str, list[AlertEvent]]:
    """The events of each section that has any, in the wording's order."""
    sections: dict[str, list[AlertEvent]] = {key: [] for key in wording.titles}
    for event in sorted(events, key=_rank):
        sections[_find_section(event)].append(event)
    return {key: own for key, own in sections.items() if own}


def _find_section(event: AlertEvent) -> str:
    if event.step == "opened":
        return event.kind
    if event.step != "resolved":
        return event.step
    if event.audience == "operators":
        return "mended"
    if isinstance(event.facts, TaskFacts):
        return "task_done"
    return "recovered"


def _describe_section(key: str, wording: Wording) -> Section:
    return Section(wording.titles[key], wording.intros[key], _TONES.get(key, "bad"))


def _rank(event: AlertEvent) -> tuple[object, ...]:
    """The order of events: by severity; the province before its agencies, in the plan's order; tasks by due date."""
    facts = event.facts
    grave = -SEVERITIES.index(event.severity)
    if isinstance(facts, IndicatorFacts):
        place: tuple[object, ...] = (not facts.is_province, _order(facts.indicator_code), _order(facts.agency_code))
    elif isinstance(facts, TaskFacts):
        place = (facts.due_on, _order(facts.task_code), _order(facts.agency_code))
    else:
        place = (facts.subject_vi,)
    return grave, facts.about, *place, event.alert_id


def _order(code: str) -> list[str]:
    """A key that sorts II.2-1 before II.10-1."""
    return [part.zfill(9) if part.isdigit() else part for part in re.split(r"(\d+)", code)]


def _count(sections: dict[str, list[AlertEvent]], wording: Wording) -> str:
    """The counts of the subject line."""
    counts = [
        fill(wording.counts[key], alerts=len(own), subjects=len({_name_subject(event) for event in own}))
        for key, own in sections.items()
    ]
    if len(counts) <= MAX_COUNTS:
        return ", ".join(counts)
    further = sum(len(own) for own in list(sections.values())[MAX_COUNTS:])
    return ", ".join([*counts[:MAX_COUNTS], fill(wording.further, alerts=further)])


def _name_subject(event: AlertEvent) -> str:
    """The subject that is counted once for all its agencies and variants."""
    facts = event.facts
    if isinstance(facts, IndicatorFacts):
        return facts.indicator_code
    return facts.task_code if isinstance(facts, TaskFacts) else facts.subject_vi


def _has_contributions(event: AlertEvent) -> bool:
    return isinstance(event.facts, IndicatorFacts) and bool(event.facts.change and event.facts.change.contributions)


def _describe_all(events: Sequence[AlertEvent], wording: Wording) -> list[Item]:
    """The gravest items of a section in full, the others by name, agency and identifier."""
    return [_describe(event, wording) for event in events[:MAX_IN_FULL]] + [
        _describe_briefly(event, wording) for event in events[MAX_IN_FULL:]
    ]


def _describe_briefly(event: AlertEvent, wording: Wording) -> Item:
    full = _describe(event, wording)
    kept = {wording.labels[label] for label in ("agency", "answer")}
    return Item(full.title, tuple(line for line in full.lines if line.label in kept))


def _describe(event: AlertEvent, wording: Wording) -> Item:
    facts = event.facts
    page: str = PAGES.get(event.kind, "")
    if isinstance(facts, IndicatorFacts):
        sentence = "primary" if facts.variant == PRIMARY else "variant"
        title = wording.sentence(sentence, code=facts.indicator_code, name=facts.name_vi, variant=facts.variant)
        lines = [*_describe_result(facts, wording), *_describe_progress(event, facts, wording)]
    elif isinstance(facts, TaskFacts):
        title = wording.sentence("task", code=facts.task_code, content=facts.content_vi)
        lines = list(_describe_task(event, facts, wording))
    else:
        title, page = clean_text(facts.subject_vi), facts.runbook
        lines = list(_describe_operation(facts, wording))
    if event.step != "opened":
        lines.append(_describe_origin(event, wording))
    if event.step in _ONGOING:
        lines += [wording.line("runbook", heading=page)] if page else []
        lines.append(wording.line("answer", alert=event.short_id))
    return Item(title, tuple(lines))


def _describe_result(facts: IndicatorFacts, wording: Wording) -> Iterator[Line]:
    """The value, its target and its pace."""
    yield wording.line("agency", name=facts.agency_name_vi, code=facts.agency_code)
    yield wording.line("clause", clause=facts.clause)
    if facts.value is None:
        yield wording.line("result", "no_result")
    else:
        yield wording.line("result", value=_format_value(facts, facts.value), day=format_day(facts.data_date))
    if facts.target is not None:
        target = f"{format_target(facts.comparator, facts.target)} {facts.unit_vi}"
        yield _compare(facts, "target", facts.target, target, wording)
    if facts.pace_target is not None:
        pace = _format_value(facts, facts.pace_target)
        yield _compare(facts, "pace", facts.pace_target, pace, wording)
    if facts.reasons:
        day = format_day(facts.data_date)
        reasons = [label(reason, "unknown_reasons", day=day) for reason in facts.reasons]
        yield Line(wording.labels["reasons"], "; ".join(reasons))
    if facts.kind == "reconciliation":
        yield Line(wording.labels["flags"], "; ".join(label(flag, "quality_flags") for flag in facts.flags))


def _compare(facts: IndicatorFacts, label: str, bound: Decimal, target: str, wording: Wording) -> Line:
    """The distance of the value from a bound; only the bound where the value can't be judged."""
    if facts.value is None or facts.reasons:
        return wording.line(label, "target", target=target)
    gap = facts.value - bound
    sentence = "below" if gap < 0 else "above" if gap else "equal"
    return wording.line(label, sentence, target=target, gap=_format_difference(facts, facts.value, bound, wording))


def _format_value(facts: IndicatorFacts, value: Decimal) -> str:
    """A share with two decimals, or more where it would look equal to a bound; a count as it is."""
    number = format_beside(value, facts.target, facts.pace_target) if facts.unit_vi == SHARE else format_exact(value)
    return f"{number} {facts.unit_vi}"


def _format_difference(facts: IndicatorFacts, value: Decimal, other: Decimal, wording: Wording) -> str:
    """The distance of two values: of shares in points, of counts in their unit."""
    if facts.unit_vi != SHARE:
        return _format_value(facts, abs(value - other))
    return f"{format_difference(value, other, facts.target, facts.pace_target)} {wording.points}"


def _describe_progress(event: AlertEvent, facts: IndicatorFacts, wording: Wording) -> Iterator[Line]:
    """The change of the value, and the rate that the target requires."""
    if facts.change and facts.value is not None:
        yield from _describe_change(facts, facts.value, facts.change, wording)
    if facts.required_rate and event.step in _ONGOING:
        text = "; ".join(_describe_required_rate(facts, facts.required_rate, wording))
        yield Line(wording.labels["required_rate"], text)


def _describe_change(facts: IndicatorFacts, value: Decimal, change: Change, wording: Wording) -> Iterator[Line]:
    by = value - change.value
    sentence = "fell" if by < 0 else "rose" if by else "unmoved"
    moved = _format_difference(facts, value, change.value, wording)
    was = _format_value(facts, change.value)
    yield wording.line("change", sentence, by=moved, day=format_day(change.since), value=was)
    if change.contributions:
        parts = [
            wording.sentence(
                "contribution",
                agency=one.agency_name_vi,
                total=format_signed(one.total),
                rate=format_signed(one.rate),
                mix=format_signed(one.mix),
            )
            for one in change.contributions
        ]
        yield Line(wording.labels["contributions"], "", tuple(parts))


def _describe_required_rate(facts: IndicatorFacts, required: RequiredRate, wording: Wording) -> Iterator[str]:
    """The required rate rounded up and the rate so far rounded down, so that nobody who complies falls short."""
    per_week = format_number(required.per_week, rounding=ROUND_CEILING)
    unit = wording.points if facts.unit_vi == SHARE else facts.unit_vi
    yield wording.sentence("per_week", per_week=per_week, unit=unit, day=format_day(required.by_date))
    if required.so_far_per_week is not None:
        so_far = format_number(required.so_far_per_week, rounding=ROUND_FLOOR)
        yield wording.sentence("so_far", per_week=so_far)
    if required.rest_pct is not None and required.rest_pct > 100:
        yield wording.sentence("out_of_reach")
    elif required.rest_pct is not None:
        rest = format_number(required.rest_pct, places=1, rounding=ROUND_CEILING)
        yield wording.sentence("rest", rest=rest)


def _describe_task(event: AlertEvent, facts: TaskFacts, wording: Wording) -> Iterator[Line]:
    yield wording.line("agency", name=facts.agency_name_vi, code=facts.agency_code)
    left = (facts.due_on - event.as_of_date).days
    urges = "overdue" if left < 0 else "due_soon" if left else "due_today"
    sentence = urges if event.step in _ONGOING else "due"
    yield wording.line("due", sentence, day=format_day(facts.due_on), days=abs(left))
    yield Line(wording.labels["status"], label(facts.status, "task_statuses"))


def _describe_operation(facts: OperatorFacts, wording: Wording) -> Iterator[Line]:
    yield Line(wording.labels["details"], clean_text(facts.details_vi))
    if facts.source:
        yield Line(wording.labels["source"], clean_text(facts.source))


def _describe_origin(event: AlertEvent, wording: Wording) -> Line:
    """The kind, the first day and the value of the opening."""
    origin = wording.sentence("origin", kind=label(event.kind, "alert_kinds"), day=format_day(event.began_on))
    before = event.opened_facts
    if not isinstance(before, IndicatorFacts) or before.value is None:
        return Line(wording.labels["origin"], origin)
    then = wording.sentence("origin_value", value=_format_value(before, before.value))
    return Line(wording.labels["origin"], f"{origin}; {then}")
